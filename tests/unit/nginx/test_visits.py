"""The visitors of a slot, read from the access log."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hookserver.models import Slot
from hookserver.nginx import visits
from hookserver.nginx.logs import KEPT

NOW = 1_800_000_000.0


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


def line(ago: float, session: str = "0AF9C3D2", slot: str = "blue", app: str = "shop", **more: str) -> str:
    when = datetime.fromtimestamp(NOW - ago, UTC).isoformat(timespec="seconds")
    replica = f"{slot}1"
    route = replica if session else ""
    entry = {"time": when, "app": app, "replica": replica, "session": session, "route": route, **more}
    return json.dumps(entry, separators=(",", ":")) + "\n"


def write(log: Path, *lines: str) -> None:
    log.write_text("".join(lines))


def test_visitors_differ_by_their_sessions_and_are_counted_for_one_slot_of_one_app(log: Path) -> None:
    others = [line(1, "cccc", slot="green"), line(1, "dddd", app="blog"), line(1, ""), line(1, "eeee", app="shop2")]
    write(log, line(400, "old"), line(20, "aaaa"), line(10, "bbbb"), line(5, "aaaa"), *others)
    assert visits.visitors(log, "shop", Slot.BLUE, NOW - 300) == 2
    assert visits.visitors(log, "shop", Slot.BLUE, NOW - 3) == 0


def test_last_request_is_found_unless_it_is_too_old(log: Path) -> None:
    write(log, line(400), line(100), line(50, ""), line(40, slot="green"))
    assert visits.last_request(log, "shop", Slot.BLUE, NOW - 300) == NOW - 100
    assert visits.last_request(log, "shop", Slot.BLUE, NOW - 60) is None


def test_logs_that_were_put_aside_are_read_too(log: Path) -> None:
    write(log, line(5, ""))
    write(log.with_name("access.log.1"), line(70, "bbbb"), line(60, ""))
    write(log.with_name("access.log.2"), line(200, "aaaa"), line(90, ""))
    assert visits.visitors(log, "shop", Slot.BLUE, NOW - 300) == 2
    assert visits.last_request(log, "shop", Slot.BLUE, NOW - 300) == NOW - 70


def test_lines_longer_than_a_read_are_whole(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "_CHUNK", 50)
    write(log, *(line(number, f"visitor{number}", agent="x" * 200) for number in range(30, 0, -1)))
    assert visits.visitors(log, "shop", Slot.BLUE, NOW - 300) == 30


def test_text_that_a_visitor_writes_into_the_log_counts_for_nothing(log: Path) -> None:
    write(
        log,
        line(1, "", slot="green", agent='"app":"shop","replica":"blue1","session":"1","route":"blue1"'),
        '{"time":"no',
        "\n",
        "x\n",
    )
    assert visits.visitors(log, "shop", Slot.BLUE, NOW - 300) == 0
    assert visits.last_request(log, "shop", Slot.BLUE, 0) is None


def test_missing_log_gives_no_number(log: Path) -> None:
    assert visits.visitors(log, "shop", Slot.BLUE, 0) is None
    assert visits.last_request(log, "shop", Slot.BLUE, 0) == float("inf")


def test_dropped_lines_may_have_had_a_request(log: Path) -> None:
    write(log, line(100, ""), line(5, ""))
    assert visits.last_request(log, "shop", Slot.BLUE, NOW - 300) is None
    for number in range(1, KEPT + 1):
        write(log.with_name(f"access.log.{number}"), line(100 + number, ""))
    assert visits.last_request(log, "shop", Slot.BLUE, NOW - 300) == NOW - 100 - KEPT
    assert visits.last_request(log, "shop", Slot.BLUE, NOW - 50) is None
