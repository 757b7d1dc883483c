"""The one face of both modes: apply the settings, switch traffic, ask Nginx itself whether it is so."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from hookserver.addresses import AS_THE_SETTINGS_SAY, Replicas
from hookserver.config import Settings
from hookserver.errors import NginxError
from hookserver.models import Endpoint, Slot
from hookserver.nginx import traffic, visits
from hookserver.nginx.flags import Flags, read_flags, write_flags
from hookserver.nginx.managed.managed import Managed
from hookserver.nginx.system.system import System
from hookserver.nginx.text.access_log import ACCESS_LOG

_CONFIRM_SWITCH = 2.0


class _Mode(Protocol):
    """What the modes do each in their own way; see the methods of ``Nginx``."""

    def apply(self, numbers: Mapping[str, int], replicas: Replicas) -> bool: ...
    def unreached(self, app: str) -> list[str]: ...
    def is_running(self) -> bool: ...
    def ask(self, question: str) -> str | None: ...
    def answers(self, question: str, wanted: str, patience: float) -> bool: ...
    def check_readable(self) -> None: ...
    def why_silent(self) -> NginxError: ...
    def rotate_logs(self) -> None: ...
    def stop(self) -> None: ...


class Nginx:
    """``settings.nginx.mode`` tells which: an instance of our own, or files of ours for the operator's.

    It serves on when hookserver is gone. ``patience``: seconds that a start, a reload or a stop may take. Several
    processes may call at once.
    """

    def __init__(self, settings: Settings, patience: float = 10.0) -> None:
        self._state = settings.server.state
        self._mode: _Mode = (Managed if settings.nginx.mode == "managed" else System)(settings, patience)

    def apply(self, numbers: Mapping[str, int], replicas: Replicas = AS_THE_SETTINGS_SAY) -> bool:
        """Make the running Nginx do what the settings say; tells whether anything had to change.

        ``numbers`` has every app's lasting place on the container network, ``replicas`` how many each slot has that is
        not as the settings say. Nothing is reloaded when the text is the
        same; one that Nginx refuses, or does not take up, is put back. Raises NginxError with Nginx's own lines.
        """
        return self._mode.apply(numbers, replicas)

    def unreached(self, app: str) -> list[str]:
        """Lines for a person about domains of the app that others' servers answer, as of the last ``apply``."""
        return self._mode.unreached(app)

    def is_running(self) -> bool:
        """Whether Nginx is there, with our configuration. Never hangs."""
        return self._mode.is_running()

    def live_slot(self, app: str) -> Slot | None:
        """The slot that the flag files name; None: the app gets no traffic."""
        return read_flags(self._state.live(app)).slot

    def sticky_slot(self, app: str) -> Slot | None:
        """The slot that is not live, and by the flag files serves on those whose sessions it has; None: none does."""
        return read_flags(self._state.live(app)).sticky_slot

    def confirmed_slot(self, app: str) -> Slot | None:
        """The slot that Nginx itself answers; None: the app gets no traffic. Raises NginxError when it is silent."""
        answer = self._mode.ask(f"/slot/{app}")
        if answer == "none":
            return None
        if answer not in tuple(Slot):
            raise self._mode.why_silent()
        return Slot(answer)

    def switch(self, app: str, slot: Slot, *, hold: bool = False) -> None:
        """Send the app's traffic to ``slot``, without a reload, confirmed by Nginx.

        ``hold``: the other slot serves on the visitors whose sessions it has; the app's sessions must be ``sticky``.
        When Nginx does not answer so the flags are put back and NginxError is raised.
        """
        before = read_flags(self._state.live(app))
        held = before.held | {slot.other} if hold else frozenset()
        try:
            self._write_flags(app, Flags(up=True, green=slot is Slot.GREEN, held=held))
            self._confirm(app, "slot", slot)
            if hold:
                self._confirm(app, "held", slot.other)
        except NginxError:
            self._write_flags(app, before)
            raise

    def hold(self, app: str, slot: Slot | None) -> None:
        """Let ``slot``, which is not live, serve on the visitors whose sessions it has; None: no slot does.

        Raises NginxError when a running Nginx does not answer so.
        """
        held = frozenset({slot} if slot else ())
        self._write_flags(app, replace(read_flags(self._state.live(app)), held=held))
        if self.is_running():
            self._confirm(app, "held", slot)

    def close(self, app: str) -> None:
        """Give the app no traffic: its visitors get 503. Raises NginxError when Nginx goes on serving it."""
        self._write_flags(app, Flags(up=False, green=read_flags(self._state.live(app)).green))
        if self.is_running():
            self._confirm(app, "slot", None)

    def visitors(self, app: str, slot: Slot, seconds: float) -> int | None:
        """How many visitors with a session of ``slot`` asked for it in the last ``seconds``; None: there is no log."""
        return visits.visitors(self._state.nginx / ACCESS_LOG, app, slot, time.time() - seconds)

    def last_request(self, app: str, slot: Slot, since: float) -> float | None:
        """When a visitor with a session of ``slot`` last asked for it, or may have; None: not since ``since``.

        Unix seconds; ``inf`` where there is no log.
        """
        return visits.last_request(self._state.nginx / ACCESS_LOG, app, slot, since)

    def requests_in_flight(self, endpoints: Sequence[Endpoint]) -> int:
        """Connections that this host has open to the endpoints; Nginx closes an idle one after 4 s."""
        return traffic.requests_in_flight(endpoints)

    def rotate_logs(self) -> None:
        """Put aside logs of ours that grew over their size, and drop the oldest."""
        self._mode.rotate_logs()

    def stop(self) -> None:
        """End an instance of our own once its requests are done; what is not done after ``patience`` is cut.

        An operator's Nginx goes on.
        """
        self._mode.stop()

    def _write_flags(self, app: str, flags: Flags) -> None:
        live = self._state.live(app)
        try:
            write_flags(live, flags)
        except OSError as error:
            raise NginxError(
                f"the traffic flags of {app} cannot be written: {error}",
                f"Give hookserver the right to write in {live}.",
            ) from error

    def _confirm(self, app: str, what: str, slot: Slot | None) -> None:
        wanted = slot or "none"
        if self._mode.answers(f"/{what}/{app}", wanted, _CONFIRM_SWITCH):
            return
        answer = self._mode.ask(f"/{what}/{app}")
        if answer is None:
            raise self._mode.why_silent()
        self._mode.check_readable()
        named = "live" if what == "slot" else what
        raise NginxError(
            f"the {named} slot of {app} was set to {wanted}, but Nginx answers {answer}", "Read Nginx's error log."
        )
