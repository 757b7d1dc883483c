"""The mode ``managed``: an Nginx instance of hookserver's own, below ``settings.server.state.nginx``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hookserver.addresses import Endpoints
from hookserver.config import Settings
from hookserver.errors import NginxError
from hookserver.nginx import binary, folders
from hookserver.nginx.managed.instance import Instance
from hookserver.nginx.status_at import StatusAt
from hookserver.nginx.text.managed import render


class Managed:
    """The methods of ``Nginx`` in this mode; ``patience``: seconds that a start, a reload or a stop may take."""

    def __init__(self, settings: Settings, patience: float) -> None:
        self._settings = settings
        self._state = settings.server.state
        self._status = StatusAt(settings)
        self._instance = Instance(settings.nginx.binary, self._state.nginx, self._status, patience)

    def apply(self, endpoints: Endpoints) -> bool:
        """Run the configuration of the settings: start Nginx, or reload it. Returns whether anything changed.

        Raises NginxError when there is no Nginx, when it refuses the configuration or does not run it in time, or when
        its workers cannot read the flags. The configuration before it is active then.
        """
        worker = binary.worker_user()
        program = binary.locate(self._settings.nginx.binary)
        user = f"{worker[0].pw_name} {worker[1]}" if worker else ""
        lacking = binary.read_build(program).lacking
        with self._alone():
            text = render(self._settings, endpoints, self._status.name(), user, lacking)
            changed = not self._instance.runs(text)
            if changed:
                self._instance.apply(text)
            self.check_readable()
        return changed

    def unreached(self, app: str) -> list[str]:  # noqa: ARG002
        """Empty: all servers of this Nginx are ours."""
        return []

    def is_running(self) -> bool:
        """Whether the master process is there and takes requests."""
        return self._instance.is_running()

    def ask(self, question: str) -> str | None:
        """The answer of the status server; None when there is none."""
        return self._instance.ask(question)

    def answers(self, question: str, wanted: str, patience: float) -> bool:
        """Whether Nginx gives the ``wanted`` answer within ``patience`` seconds."""
        return self._instance.answers(question, wanted, patience)

    def check_readable(self) -> None:
        """Raises NginxError when Nginx's workers cannot enter the flags' folder: they would find no flag there."""
        if self.ask("/flags") == "unreadable":
            worker = binary.worker_user()
            raise folders.unreadable(self._state, worker[0] if worker else None)

    def why_silent(self) -> NginxError:
        """The error for a status server that does not answer."""
        if not self.is_running():
            return NginxError("Nginx is down", "`hookserver worker` starts it. If not, read Nginx's error log.")
        return NginxError(
            "Nginx does not answer which slot is live", f"Read {self._instance.error_log}, then restart the worker."
        )

    def rotate_logs(self) -> None:
        """Rotate logs that grew over their size, and let Nginx open new ones.

        Raises NginxError when the folders cannot be created, or when Nginx belongs to another user.
        """
        with self._alone():
            self._instance.rotate_logs()

    def stop(self) -> None:
        """End Nginx once its requests are done; after ``patience`` seconds the rest is cut off.

        Raises NginxError when the folders cannot be created, or when Nginx belongs to another user.
        """
        with self._alone():
            self._instance.stop()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        worker = binary.worker_user()
        folders.prepare(self._state, worker[0].pw_gid if worker else -1)
        with folders.locked(self._state.nginx):
            yield
