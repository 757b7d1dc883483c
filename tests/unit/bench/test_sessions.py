"""The figures of the sessions bench."""

from __future__ import annotations

from tests.bench.sessions import Killed, lost, slowest, unavailable


def test_only_carts_of_the_killed_replica_after_the_kill_count_as_lost_by_it() -> None:
    carts = {
        "lost": [{"at": 9.0, "replica": "blue1"}, {"at": 11.0, "replica": "blue1"}, {"at": 12.0, "replica": "blue2"}]
    }
    assert lost(carts, [Killed("blue1", 10.0)]) == (2, 1)


def test_slowest_request_was_in_flight_soon_after_the_moment() -> None:
    asked = [(1.0, 900.0), (9.5, 700.0), (12.0, 30.0), (30.0, 800.0)]
    assert slowest(asked, [10.0]) == 700.0
    assert slowest(asked, []) == 0.0


def test_answer_without_a_replica_is_no_failure_if_it_is_503_and_none_ran() -> None:
    answers = [(9.0, 503), (10.5, 503), (11.0, 502), (20.0, 503)]
    assert unavailable(answers, [(10.0, 12.0), (30.0, 40.0)]) == (1, 3)
