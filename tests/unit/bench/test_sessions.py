from __future__ import annotations

from tests.bench.sessions import Killed, lost, passed_on, slowest


def test_only_a_cart_of_the_killed_replica_after_the_kill_is_lost_by_it() -> None:
    carts = {
        "lost": [{"at": 9.0, "replica": "blue1"}, {"at": 11.0, "replica": "blue1"}, {"at": 12.0, "replica": "blue2"}]
    }
    assert lost(carts, Killed("blue1", 10.0)) == (2, 1)


def test_a_request_counts_when_it_was_under_way_soon_after_the_moment() -> None:
    asked = [(1.0, 900.0), (9.5, 700.0), (12.0, 30.0), (30.0, 800.0)]
    assert slowest(asked, [10.0]) == 700.0
    assert slowest(asked, []) == 0.0


def test_only_what_another_replica_answered_after_the_first_broke_off_is_passed_on() -> None:
    lines = [
        '{"status": 303, "upstream_status": "502 : 303"}',
        '{"status": 502, "upstream_status": "502 : 502"}',
        '{"status": 200, "upstream_status": "200 : 200"}',
        '{"status": 200, "upstream_status": "502, 200"}',
        '{"status": 303, "upstream_status": "502"}',
    ]
    assert passed_on(lines) == 1
