"""Counting failures."""

from __future__ import annotations

from hookserver.web import flood
from hookserver.web.flood import Failures


class ManualClock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_source_waits_for_the_end_of_its_window_and_then_starts_from_zero() -> None:
    clock = ManualClock()
    failures = Failures(clock)
    assert [failures.count("192.0.2.1") for _ in range(flood.LIMIT)] == [0] * flood.LIMIT
    clock.now += 20
    assert failures.count("192.0.2.1") == flood.WINDOW - 20
    assert failures.count("192.0.2.2") == 0
    clock.now += flood.WINDOW - 20
    assert failures.count("192.0.2.1") == 0


def test_addresses_of_one_ipv6_network_are_one_source() -> None:
    failures = Failures()
    for number in range(flood.LIMIT):
        failures.count(f"2001:db8::{number:x}")
    assert failures.count("2001:db8::ffff") > 0
    assert failures.count("2001:db8:0:1::1") == 0


def test_memory_stays_bounded_however_many_sources_there_are() -> None:
    failures = Failures()
    for number in range(flood.SOURCES + 100):
        failures.count(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(failures) == flood.SOURCES


def test_address_that_is_none_is_counted_too() -> None:
    assert Failures().count("") == 0
