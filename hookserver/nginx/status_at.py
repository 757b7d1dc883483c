"""The host name and the addresses of the status server, which listens where the visitors' servers do.

A Unix socket would be left behind by a killed Nginx, which then could not start again (bind(2), EADDRINUSE); and
a removed one does not come back with a reload.
"""

from __future__ import annotations

import secrets

from hookserver.config import Settings
from hookserver.errors import NginxError
from hookserver.nginx.listen_address import address
from hookserver.nginx.status import ask
from hookserver.nginx.text.servers import STATUS_TYPE
from hookserver.state.atomic_write import OWNER_ONLY, write_atomically

_LOOPBACK = {"*": "127.0.0.1", "[::]": "::1"}


class StatusAt:
    """Where Nginx answers which slot is live; the same in both modes."""

    def __init__(self, settings: Settings) -> None:
        self._listens = [address(text) for text in settings.nginx.listen]
        self._file = settings.server.state.nginx / "status-name"

    def name(self) -> str:
        """A host name that nobody guesses: it gives access to the live slot's name. Short, for Nginx's hash tables.

        Raises NginxError when it cannot be written down, or read.
        """
        try:
            if not self._file.exists():
                name = f"hookserver-{secrets.token_hex(10)}"
                write_atomically(self._file, name, mode=OWNER_ONLY, durable=True)
            return self._file.read_text("utf-8")
        except OSError as error:
            raise NginxError(
                f"{self._file} cannot be used: {error}", "Make room on the disk, or fix the permissions."
            ) from error

    def ask(self, question: str) -> str | None:
        """The answer of the first address that gives one; None when none does, after at most a second for each.

        Raises NginxError when the name cannot be read.
        """
        if not self._file.exists():
            return None
        for listen in self._listens:
            host = _LOOPBACK.get(listen.host, listen.host.strip("[]"))
            answer = ask(host, int(listen.port), self.name(), STATUS_TYPE, question)
            if answer is not None:
                return answer
        return None
