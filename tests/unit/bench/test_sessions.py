"""The figures of the sessions bench."""

from __future__ import annotations

from tests.bench.sessions import Killed, lost, passed_on, slowest


def test_only_carts_of_the_killed_replica_after_the_kill_count_as_lost_by_it() -> None:
    carts = {
        "lost": [{"at": 9.0, "replica": "blue1"}, {"at": 11.0, "replica": "blue1"}, {"at": 12.0, "replica": "blue2"}]
    }
    assert lost(carts, Killed("blue1", 10.0)) == (2, 1)


def test_slowest_request_was_in_flight_soon_after_the_moment() -> None:
    asked = [(1.0, 900.0), (9.5, 700.0), (12.0, 30.0), (30.0, 800.0)]
    assert slowest(asked, [10.0]) == 700.0
    assert slowest(asked, []) == 0.0


def test_request_counts_as_passed_on_if_another_replica_answered_it() -> None:
    lines = [
        '{"status": 303, "upstream_status": "502 : 303"}',
        '{"status": 502, "upstream_status": "502 : 502"}',
        '{"status": 200, "upstream_status": "200 : 200"}',
        '{"status": 200, "upstream_status": "502, 200"}',
        '{"status": 303, "upstream_status": "502"}',
    ]
    assert passed_on(lines) == 1
