"""The checks for an app's flag, the one file that says where its requests go: see ``nginx.flags``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hookserver.config import AppSettings
from hookserver.models import TrafficState
from hookserver.nginx.flags import flag_of, states_in_order
from hookserver.nginx.text.syntax import path
from hookserver.state.state_dir import StateDir


def choose_slot(state: StateDir, app: AppSettings) -> list[str]:
    """Set ``$hs_slot``, the live slot, and ``$hs_state``, the name of a flag whose slots have its sessions.

    503 when the app gets no traffic; 419 when the sticky standby gets the request, which may then send it elsewhere.

    Nothing of ngx_http_rewrite_module that follows in the location is run once the flag is found:
    https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#break
    Raises NginxError when a path cannot be written to an Nginx configuration.
    """
    lines = [
        "# Where requests go: the name of the one file here says it. The first check, or the second, finds it usually."
    ]
    slot = None
    for number, (found, check) in enumerate(_checks(state, app, _chosen)):
        if number == 2:
            lines.append("# Else: a sticky standby, a file renamed between two checks, or no live release.")
            lines += ['set $hs_sticky "";'] if found.sticky else []
        if found.live != slot:
            lines.append(f"set $hs_slot {found.live};")
        slot = found.live
        lines += [f"set $hs_state {flag_of(_with_sessions(app, found))};", check]
        if found.sticky:
            lines += ["if ($hs_sticky = yes) { break; }", "if ($hs_sticky) { return 419; }"]
    return [*lines, "return 503;"]


def _chosen(found: TrafficState) -> str:
    return "set $hs_sticky yes$hs_elsewhere;" if found.sticky else "break;"


def _with_sessions(app: AppSettings, found: TrafficState) -> TrafficState:
    """The state by whose slots ``$hs_route`` finds a session's replica: both slots have those that are shared."""
    if found.live is None or app.release.sessions != "shared":
        return found
    return TrafficState(found.live, found.live.other)


def slot_now(state: StateDir, app: AppSettings) -> list[str]:
    """Set ``$hs_slot_now`` to the slot that is live now; empty: none is. Raises NginxError as ``choose_slot`` does."""
    checks = _checks(state, app, lambda found: f"set $hs_slot_now {found.live};")
    return ['set $hs_slot_now "";', *(check for _, check in checks)]


def answer_state(state: StateDir, app: AppSettings) -> list[str]:
    """Answer the flag's name, or ``none``. Raises NginxError as ``choose_slot`` does."""
    return [
        *(check for _, check in _checks(state, app, lambda found: f"return 200 {flag_of(found)};")),
        "return 200 none;",
    ]


def _checks(
    state: StateDir, app: AppSettings, action: Callable[[TrafficState], str]
) -> Iterator[tuple[TrafficState, str]]:
    for found in states_in_order(sticky=app.release.sessions == "sticky"):
        yield found, f"if (-f {path(state.live(app.name), flag_of(found))}) {{ {action(found)} }}"
