"""The mode ``managed``: an Nginx of our own, and the switch of its traffic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from hookserver.config import Settings
from hookserver.errors import NginxError
from hookserver.models import Endpoint, Slot
from hookserver.nginx import binary, folders, traffic
from hookserver.nginx.flags import Flags, read_flags, write_flags
from hookserver.nginx.instance import Instance
from hookserver.nginx.render import READABLE_FLAG, render

_CONFIRM_SWITCH = 2.0


class Nginx:
    """The instance below ``settings.server.state.nginx``. It serves on when hookserver is gone.

    ``patience``: seconds that a start, a reload or a stop may take. Several processes may call at once.
    """

    def __init__(self, settings: Settings, patience: float = 10.0) -> None:
        self._settings = settings
        self._state = settings.server.state
        self._instance = Instance(settings.nginx.binary, self._state.nginx, patience)

    def apply(self, numbers: Mapping[str, int]) -> bool:
        """Make the running instance do what the settings say; tells whether anything had to change.

        ``numbers`` has every app's lasting place on the container network. Nothing is reloaded when the text is the
        same; one that Nginx refuses, or does not take up, is put back. Raises NginxError with Nginx's own lines.
        """
        worker = binary.worker_user()
        text = render(self._settings, numbers, f"{worker[0].pw_name} {worker[1]}" if worker else "")
        with self._alone():
            changed = not self._instance.does(text)
            if changed:
                self._instance.take(text)
            self._check_readable()
        return changed

    def is_running(self) -> bool:
        """Whether the instance's master process is there."""
        return self._instance.is_running()

    def live_slot(self, app: str) -> Slot | None:
        """The slot that the flag files name; None: the app gets no traffic."""
        return read_flags(self._state.live(app)).slot

    def confirmed_slot(self, app: str) -> Slot | None:
        """The slot that Nginx itself answers; None: the app gets no traffic. Raises NginxError when it is silent."""
        answer = self._instance.ask(f"/slot/{app}")
        if answer == "none":
            return None
        if answer not in tuple(Slot):
            raise self._silent(app)
        return Slot(answer)

    def switch(self, app: str, slot: Slot) -> None:
        """Send the app's traffic to ``slot``, without a reload, confirmed by Nginx.

        When Nginx does not answer that slot the flags are put back and NginxError is raised.
        """
        before = read_flags(self._state.live(app))
        try:
            self._write_flags(app, Flags(up=True, green=slot is Slot.GREEN))
            self._confirm(app, slot)
        except NginxError:
            self._write_flags(app, before)
            raise

    def close(self, app: str) -> None:
        """Give the app no traffic: its visitors get 503. Raises NginxError when Nginx goes on serving it."""
        self._write_flags(app, Flags(up=False, green=read_flags(self._state.live(app)).green))
        if self.is_running():
            self._confirm(app, None)

    def requests_in_flight(self, endpoints: Sequence[Endpoint]) -> int:
        """Connections that this host has open to the endpoints; Nginx closes an idle one after 4 s."""
        return traffic.requests_in_flight(endpoints)

    def rotate_logs(self) -> None:
        """Put aside logs that grew over their size, and drop the oldest."""
        with self._alone():
            self._instance.rotate_logs()

    def stop(self) -> None:
        """End the instance once its requests are done; what is not done after ``patience`` is cut."""
        with self._alone():
            self._instance.stop()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        worker = binary.worker_user()
        folders.prepare(self._state, worker[0].pw_gid if worker else -1)
        with folders.locked(self._state.nginx):
            yield

    def _write_flags(self, app: str, flags: Flags) -> None:
        live = self._state.live(app)
        try:
            write_flags(live, flags)
        except OSError as error:
            raise NginxError(
                f"the traffic flags of {app} cannot be written: {error}",
                f"Give hookserver the right to write in {live}.",
            ) from error

    def _confirm(self, app: str, slot: Slot | None) -> None:
        wanted = slot or "none"
        if self._instance.answers(f"/slot/{app}", wanted, _CONFIRM_SWITCH):
            return
        answer = self._instance.ask(f"/slot/{app}")
        if answer is None:
            raise self._silent(app)
        self._check_readable()
        raise NginxError(f"{app} was set to {wanted}, but Nginx answers {answer}", f"Read {self._instance.error_log}.")

    def _silent(self, app: str) -> NginxError:
        if not self.is_running():
            return NginxError("Nginx is down", "`hookserver worker` starts it; what it said is in its error log.")
        return NginxError(
            f"Nginx does not tell which slot of {app} is live",
            f"Read {self._instance.error_log}, then restart the worker.",
        )

    def _check_readable(self) -> None:
        """A folder that Nginx's workers cannot enter would read as "no flag", silently."""
        if self._instance.ask("/flags") != "unreadable":
            return
        live = self._state.live(READABLE_FLAG).parent
        worker = binary.worker_user()
        closed = folders.closed_to(worker[0], live) if worker else None
        raise NginxError(
            f"Nginx cannot read the traffic flags in {live}",
            f"Its user may not enter {closed}: chmod o+x {closed}" if closed else f"Let its user read {live}.",
        )
