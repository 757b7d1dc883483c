"""Nginx in both modes: apply the settings, send traffic to slots, ask Nginx itself for confirmation."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from hookserver.addresses import Endpoints
from hookserver.config import Settings
from hookserver.errors import NginxError
from hookserver.models import Endpoint, Slot, TrafficState
from hookserver.nginx import connections, refusals, visits
from hookserver.nginx.flags import flag_of, read_flag, remove_flag, states_in_order, write_flag
from hookserver.nginx.managed.managed import Managed
from hookserver.nginx.system.system import System
from hookserver.nginx.text.access_log import ACCESS_LOG
from hookserver.nginx.text.web import REFUSED_LOG

_CONFIRM_SWITCH = 2.0
"""Seconds in which Nginx must answer as the flag says."""


class _Mode(Protocol):
    """The methods that differ between the two modes; see those of ``Nginx``."""

    def apply(self, endpoints: Endpoints) -> bool: ...
    def unreached(self, app: str) -> list[str]: ...
    def is_running(self) -> bool: ...
    def ask(self, question: str) -> str | None: ...
    def answers(self, question: str, wanted: str, patience: float) -> bool: ...
    def check_readable(self) -> None: ...
    def why_silent(self) -> NginxError: ...
    def rotate_logs(self) -> None: ...
    def stop(self) -> None: ...


class Nginx:
    """An instance of our own, or our files for the operator's Nginx, as ``settings.nginx.mode`` says.

    It keeps running while hookserver is stopped. ``patience``: seconds that a start, a reload or a stop may take.
    Several processes may call at once.
    """

    def __init__(self, settings: Settings, patience: float = 10.0) -> None:
        self._state = settings.server.state
        kind: type[Managed | System] = Managed if settings.nginx.mode == "managed" else System
        self._in_mode: Callable[[Settings], _Mode] = lambda settings: kind(settings, patience)
        self._mode = self._in_mode(settings)

    def apply(self, settings: Settings, endpoints: Endpoints) -> bool:
        """Make the running Nginx follow the settings; True if anything had to change.

        ``endpoints``: where the replicas of all its apps answer. An unchanged configuration is not reloaded. When Nginx
        refuses the new one, or does not run it, the previous one is restored. Raises NginxError with Nginx's own lines.
        """
        return self._in_mode(settings).apply(endpoints)

    def unreached(self, app: str) -> list[str]:
        """A line for each of the app's domains that somebody else's server answers, as of the last ``apply``."""
        return self._mode.unreached(app)

    def is_running(self) -> bool:
        """Whether Nginx runs with our configuration. Never hangs."""
        return self._mode.is_running()

    def get(self, app: str) -> TrafficState:
        """Where the app's requests go, by the flag that Nginx checks at each of them."""
        return read_flag(self._state.live(app))

    def set(self, app: str, state: TrafficState) -> None:
        """Send the app's requests where ``state`` says, without a reload. Nginx itself confirms it.

        An app with a ``sticky`` slot must have sticky sessions. Raises NginxError when the flag cannot be written,
        when Nginx answers otherwise, or when it is down and another slot is to go live; the flag is then put back.
        """
        before = self.get(app)
        try:
            self._write_flag(app, state)
            if self.is_running() or state.live not in (before.live, None):
                self._confirm(app, state)
        except NginxError:
            self._write_flag(app, before)
            raise

    def remove(self, app: str) -> None:
        """Remove the flag of an app that the configuration no longer has. Raises NginxError when that is refused."""
        folder = self._state.live(app)
        try:
            remove_flag(folder)
        except OSError as error:
            raise NginxError(
                f"the traffic flag of {app} cannot be removed: {error}",
                f"Let hookserver's user write to {folder}.",
            ) from error

    def answered(self, app: str) -> TrafficState:
        """Where the app's requests go, as Nginx itself answers. Raises NginxError when it gives no answer."""
        answer = self._mode.ask(f"/state/{app}")
        for state in (TrafficState(), *states_in_order()):
            if answer == (flag_of(state) or "none"):
                return state
        raise self._mode.why_silent()

    def visitors(self, app: str, slot: Slot, seconds: float) -> int | None:
        """How many visitors with a session of ``slot`` came in the last ``seconds``; None: there is no log."""
        return visits.visitors(self._state.nginx / ACCESS_LOG, app, slot, time.time() - seconds)

    def last_request(self, app: str, slot: Slot, since: float) -> float | None:
        """When a visitor with a session of ``slot`` last sent it a request, or may have; None: not since ``since``.

        Unix seconds; ``inf`` where there is no log.
        """
        return visits.last_request(self._state.nginx / ACCESS_LOG, app, slot, since)

    def requests_in_flight(self, endpoints: Sequence[Endpoint]) -> int:
        """Open connections of this host to the endpoints; Nginx closes an idle one after a few seconds."""
        return connections.requests_in_flight(endpoints)

    def refused_requests(self) -> str | None:
        """One line about the requests that Nginx refused before the web process since the last call; None: none were.

        Raises NginxError when they cannot be counted.
        """
        try:
            return refusals.take(self._state.nginx / REFUSED_LOG)
        except OSError as error:
            raise NginxError(
                f"the refused requests cannot be counted: {error}",
                f"Let hookserver's user write to {self._state.nginx}.",
            ) from error

    def rotate_logs(self) -> None:
        """Rotate logs of ours that are over their size, and remove the oldest. Raises NginxError."""
        self._mode.rotate_logs()

    def stop(self) -> None:
        """Stop an instance of our own once its requests are done, or cut them off after ``patience``.

        An operator's Nginx keeps running. Raises NginxError when ours does not stop.
        """
        self._mode.stop()

    def _write_flag(self, app: str, state: TrafficState) -> None:
        folder = self._state.live(app)
        try:
            write_flag(folder, state)
        except OSError as error:
            raise NginxError(
                f"the traffic flag of {app} cannot be written: {error}",
                f"Let hookserver's user write to {folder}.",
            ) from error

    def _confirm(self, app: str, state: TrafficState) -> None:
        if not self._mode.answers(f"/state/{app}", flag_of(state) or "none", _CONFIRM_SWITCH):
            answer = self.answered(app)
            self._mode.check_readable()
            raise NginxError(
                f"the traffic of {app} was set to {state}, but Nginx answers {answer}", "Read Nginx's error log."
            )
