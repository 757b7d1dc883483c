from __future__ import annotations

from tests.bench.sessions import Killed, lost, slowest


def test_only_a_cart_of_the_killed_replica_after_the_kill_is_lost_by_it() -> None:
    carts = {
        "lost": [{"at": 9.0, "replica": "blue1"}, {"at": 11.0, "replica": "blue1"}, {"at": 12.0, "replica": "blue2"}]
    }
    assert lost(carts, Killed("blue1", 10.0)) == (2, 1)


def test_a_request_counts_when_it_was_under_way_soon_after_the_moment() -> None:
    asked = [(1.0, 900.0), (9.5, 700.0), (12.0, 30.0), (30.0, 800.0)]
    assert slowest(asked, [10.0]) == 700.0
    assert slowest(asked, []) == 0.0
