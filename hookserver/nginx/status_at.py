"""Asks an Nginx that is the operator's what it does: at a name of ours, over the addresses where we listen.

A socket of its own would be left behind by a killed Nginx, which then could not start again (bind(2), EADDRINUSE).
"""

from __future__ import annotations

import secrets

from hookserver.config import Settings
from hookserver.errors import NginxError
from hookserver.nginx.folders import write_durably
from hookserver.nginx.render_system import STATUS_TYPE, our_listens
from hookserver.nginx.status import ask_at

_LOOPBACK = {"*": "127.0.0.1", "[::]": "::1"}


class StatusAt:
    """The status server among the operator's servers."""

    def __init__(self, settings: Settings) -> None:
        self._listens = our_listens(settings.nginx)
        self._file = settings.server.state.nginx / "status-name"

    def name(self) -> str:
        """A host name that nobody guesses: whoever knows it may ask which slot is live. Short, for Nginx's tables.

        Raises NginxError when it cannot be written down.
        """
        if not self._file.exists():
            try:
                write_durably(self._file, f"hookserver-{secrets.token_hex(10)}")
                self._file.chmod(0o600)
            except OSError as error:
                raise NginxError(
                    f"{self._file} cannot be written: {error}", "Make room, or mend the rights."
                ) from error
        return self._file.read_text("utf-8")

    def ask(self, question: str) -> str | None:
        """The answer at the first address that gives one; None: none does within a second each."""
        if not self._file.exists():
            return None
        for listen in self._listens:
            host = _LOOPBACK.get(listen.host, listen.host.strip("[]"))
            answer = ask_at(host, int(listen.port), self.name(), STATUS_TYPE, question)
            if answer is not None:
                return answer
        return None
