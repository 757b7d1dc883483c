"""Rotating logs."""

from __future__ import annotations

from pathlib import Path

from hookserver.nginx.logs import KEPT, rotate


def test_a_small_log_stays_and_a_missing_one_is_to_be_opened(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    assert rotate(log, size=10)
    log.write_text("short")
    assert not rotate(log, size=10)
    assert log.read_text() == "short"


def test_the_newest_are_kept_in_order_and_the_oldest_is_dropped(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    for number in range(KEPT + 3):
        log.write_text(f"log number {number}")
        assert rotate(log, size=10)
    kept = [log.with_name(f"access.log.{number}").read_text() for number in range(1, KEPT + 1)]
    assert kept == [f"log number {number}" for number in range(KEPT + 2, 2, -1)]
    assert len(list(tmp_path.iterdir())) == KEPT
