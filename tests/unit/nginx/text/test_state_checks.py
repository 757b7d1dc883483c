"""The checks for an app's flag."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hookserver.config import AppSettings, Settings
from hookserver.models import Slot, TrafficState
from hookserver.nginx.flags import flag_of, write_flag
from hookserver.nginx.text.state_checks import answer_state, choose_slot, slot_now
from hookserver.state.state_dir import StateDir

STATES = [
    TrafficState(),
    *(TrafficState(slot) for slot in Slot),
    *(TrafficState(slot, sticky=slot.other) for slot in Slot),
]


def make(sessions: str = "sticky", state_dir: object = "/srv/hs") -> tuple[StateDir, AppSettings]:
    shop = {"repository": "push", "domains": ["shop.example.com"], "release": {"sessions": sessions}}
    settings = Settings.model_validate({"server": {"state_dir": state_dir}, "apps": {"shop": shop}})
    return settings.server.state, settings.apps["shop"]


def run(lines: list[str], elsewhere: str = "") -> tuple[str, dict[str, str]]:
    """The result of the lines in Nginx: the answer that it returns, and the variables that they set.

    ``elsewhere``: the location for a request to the sticky standby, if its session proves to have ended.
    """
    variables: dict[str, str] = {}
    for line in lines:
        check = re.fullmatch(r'if \((?:-f "(.*)"|\$hs_sticky(?: = (yes))?)\) \{ (.*) \}', line)
        if check and not _holds(check[1], check[2], variables):
            continue
        action = check[3] if check else line
        if action == "break;":
            return "", variables
        if action.startswith("return "):
            return action.removeprefix("return ").removesuffix(";"), variables
        if not action.startswith("#"):
            _, name, value = action.removesuffix(";").split(" ")
            variables[name] = value.strip('"').replace("$hs_elsewhere", elsewhere)
    return "", variables


def _holds(file: str | None, value: str | None, variables: dict[str, str]) -> bool:
    sticky = variables.get("$hs_sticky", "")
    return Path(file).is_file() if file else sticky == value if value else bool(sticky)


def test_choose_slot_checks_the_usual_flags_first_then_the_exceptions() -> None:
    assert choose_slot(*make()) == [
        "# Where requests go: the name of the one file here says it. The first check, or the second, finds it usually.",
        "set $hs_slot blue;",
        "set $hs_state blue;",
        'if (-f "/srv/hs/live/shop/blue") { break; }',
        "set $hs_slot green;",
        "set $hs_state green;",
        'if (-f "/srv/hs/live/shop/green") { break; }',
        "# Else: a sticky standby, a file renamed between two checks, or no live release.",
        'set $hs_sticky "";',
        "set $hs_state green-sticky-blue;",
        'if (-f "/srv/hs/live/shop/green-sticky-blue") { set $hs_sticky yes$hs_elsewhere; }',
        "if ($hs_sticky = yes) { break; }",
        "if ($hs_sticky) { return 419; }",
        "set $hs_slot blue;",
        "set $hs_state blue-sticky-green;",
        'if (-f "/srv/hs/live/shop/blue-sticky-green") { set $hs_sticky yes$hs_elsewhere; }',
        "if ($hs_sticky = yes) { break; }",
        "if ($hs_sticky) { return 419; }",
        "set $hs_slot green;",
        "set $hs_state green-sticky-blue;",
        'if (-f "/srv/hs/live/shop/green-sticky-blue") { set $hs_sticky yes$hs_elsewhere; }',
        "if ($hs_sticky = yes) { break; }",
        "if ($hs_sticky) { return 419; }",
        "set $hs_state green;",
        'if (-f "/srv/hs/live/shop/green") { break; }',
        "set $hs_slot blue;",
        "set $hs_state blue;",
        'if (-f "/srv/hs/live/shop/blue") { break; }',
        "return 503;",
    ]


@pytest.mark.parametrize("sessions", ["none", "shared"])
def test_answer_state_has_no_sticky_standby_where_sessions_are_not_sticky(sessions: str) -> None:
    assert answer_state(*make(sessions)) == [
        'if (-f "/srv/hs/live/shop/blue") { return 200 blue; }',
        'if (-f "/srv/hs/live/shop/green") { return 200 green; }',
        'if (-f "/srv/hs/live/shop/blue") { return 200 blue; }',
        "return 200 none;",
    ]


def test_slot_now_is_empty_until_a_flag_is_found() -> None:
    assert slot_now(*make("none")) == [
        'set $hs_slot_now "";',
        'if (-f "/srv/hs/live/shop/blue") { set $hs_slot_now blue; }',
        'if (-f "/srv/hs/live/shop/green") { set $hs_slot_now green; }',
        'if (-f "/srv/hs/live/shop/blue") { set $hs_slot_now blue; }',
    ]


@pytest.mark.parametrize("state", STATES, ids=str)
def test_checks_find_every_state_that_a_flag_can_say(tmp_path: Path, state: TrafficState) -> None:
    (tmp_path / "live").mkdir()
    state_dir, app = make(state_dir=tmp_path)
    write_flag(state_dir.live("shop"), state)
    answer, chosen = run(choose_slot(state_dir, app))
    if state.live:
        assert (answer, chosen["$hs_slot"], chosen["$hs_state"]) == ("", state.live, flag_of(state))
        answer = run(choose_slot(state_dir, app), "@hs-shop-fresh")[0]
        assert answer == ("419" if state.sticky else ""), "only the sticky standby may send a request elsewhere"
    else:
        assert answer == "503"
    assert run(slot_now(state_dir, app))[1] == {"$hs_slot_now": state.live or ""}
    assert run(answer_state(state_dir, app))[0] == f"200 {flag_of(state) or 'none'}"
