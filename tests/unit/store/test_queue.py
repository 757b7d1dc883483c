"""The queue's promises, on a real SQLite file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from hookserver.errors import NotFound, Refused, StoreError
from hookserver.models import Push, Release, Slot, Status, Step, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Store


class Clock:
    """A wall clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(state: StateDir, clock: Clock) -> Iterator[Store]:
    made = Store(state, clock)
    made.sync_apps(["shop", "blog"])
    yield made
    made.close()


def push(app: str = "shop", **facts: object) -> Push:
    return Push(**{"app": app, "trigger": Trigger.WEBHOOK, **facts})  # type: ignore[arg-type]


def claimed(store: Store, app: str = "shop", **facts: object) -> int:
    number = store.enqueue(push(app, **facts)).deploy
    deploy = store.claim(builds=4)
    assert deploy
    assert deploy.number == number
    return number


def live(store: Store, app: str = "shop", slot: Slot = Slot.BLUE, **facts: object) -> int:
    number = claimed(store, app, **facts)
    store.add_release(Release(number, app, f"{number:040x}", f"sha256:{number}", slot, 2))
    store.go_live(number, number, standby=600)
    store.end(number, Status.LIVE)
    return number


def test_a_push_that_was_answered_is_there_after_a_restart(state: StateDir, store: Store) -> None:
    number = store.enqueue(push()).deploy
    store.close()
    again = Store(state)
    assert again.deploy(number).status is Status.QUEUED
    again.close()


def test_the_newest_waiting_push_wins_and_the_others_point_to_it(store: Store) -> None:
    numbers = [store.enqueue(push()).deploy for _ in range(3)]
    first, second, third = (store.deploy(number) for number in numbers)
    assert (first.status, first.superseded_by) == (Status.SUPERSEDED, second.number)
    assert (second.status, second.superseded_by) == (Status.SUPERSEDED, third.number)
    assert third.status is Status.QUEUED


def test_a_running_deploy_is_not_superseded(store: Store) -> None:
    running = claimed(store)
    store.enqueue(push())
    assert store.deploy(running).status is Status.RUNNING


def test_one_app_has_one_deploy_under_way(store: Store) -> None:
    claimed(store)
    store.enqueue(push())
    assert store.claim(builds=4) is None


def test_the_database_itself_refuses_a_second_deploy_under_way(state: StateDir, store: Store) -> None:
    claimed(store)
    store.enqueue(push())
    with sqlite3.connect(state.database) as raw, pytest.raises(sqlite3.IntegrityError):
        raw.execute("UPDATE deploys SET status = 'running', started_at = 1 WHERE status = 'queued'")
    raw.close()


def test_a_deploy_that_drains_still_keeps_the_next_one_of_its_app_waiting(store: Store) -> None:
    number = claimed(store)
    store.add_release(Release(number, "shop", "a" * 40, "sha256:1", Slot.BLUE, 2))
    store.go_live(number, number, standby=60)
    store.enqueue(push())
    assert store.claim(builds=1) is None
    store.end(number, Status.LIVE)
    assert store.claim(builds=1) is not None


def test_builds_bounds_the_deploys_of_all_apps(store: Store) -> None:
    claimed(store, "shop")
    store.enqueue(push("blog"))
    assert store.claim(builds=1) is None
    assert store.claim(builds=2) is not None


def test_the_app_served_longest_ago_comes_first(store: Store) -> None:
    served = []
    for _ in range(3):
        store.enqueue(push("shop"))
        store.enqueue(push("blog"))
        for _ in range(2):
            deploy = store.claim(builds=1)
            assert deploy
            served.append(deploy.app)
            store.end(deploy.number, Status.FAILED, "no")
            store.enqueue(push(deploy.app))
    assert served.count("shop") == served.count("blog") == 3


def test_an_app_that_waits_is_served_before_any_other_is_served_twice_however_often_they_are_pushed_to(
    store: Store,
) -> None:
    names = [f"app{number}" for number in range(10)]
    store.sync_apps(names)
    served: list[str] = []
    for round_ in range(10):
        for app in names if round_ % 2 else reversed(names):
            store.enqueue(push(app))
        for _ in range(3):
            deploy = store.claim(builds=1)
            assert deploy
            served.append(deploy.app)
            store.end(deploy.number, Status.FAILED if len(served) % 3 else Status.LIVE)
    windows = [set(served[start : start + len(names)]) for start in range(len(served) - len(names) + 1)]
    assert all(len(window) == len(names) for window in windows)


def test_a_busy_app_waits(store: Store) -> None:
    store.enqueue(push())
    assert store.claim(builds=1, busy={"shop"}) is None


def test_a_locked_apps_pushes_wait_for_the_unlock(store: Store) -> None:
    store.lock("shop", "stocktaking", "ann")
    store.enqueue(push())
    assert store.claim(builds=1) is None
    with pytest.raises(Refused, match="stocktaking"):
        store.lock("shop", "again", "bob")
    store.unlock("shop")
    assert store.claim(builds=1) is not None


def test_the_same_delivery_asks_once(store: Store) -> None:
    first = store.enqueue(push(delivery="d-1"))
    again = store.enqueue(push(delivery="d-1"))
    other_app = store.enqueue(push("blog", delivery="d-1"))
    assert (again.deploy, again.duplicate) == (first.deploy, True)
    assert not other_app.duplicate


def test_fifty_times_the_same_delivery_at_once_is_one_deploy(store: Store) -> None:
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(store.enqueue(push(delivery="x")))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer.deploy for answer in answers}) == 1
    assert sum(not answer.duplicate for answer in answers) == 1


def test_an_unknown_app_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        store.enqueue(push("nothing"))


def test_a_waiting_deploy_is_cancelled_at_once_and_a_running_one_is_marked(store: Store) -> None:
    running = claimed(store)
    waiting = store.enqueue(push()).deploy
    assert store.cancel(waiting).status is Status.CANCELLED
    marked = store.cancel(running)
    assert (marked.status, marked.cancel_requested) == (Status.RUNNING, True)
    store.end(running, Status.FAILED, "no")
    with pytest.raises(Refused, match="failed"):
        store.cancel(running)


def test_a_killed_deploy_waits_again_until_its_third_attempt(store: Store) -> None:
    number = store.enqueue(push()).deploy
    outcomes = []
    for _ in range(3):
        assert store.claim(builds=1)
        outcomes.append(store.requeue(number))
    assert outcomes == [Status.QUEUED, Status.QUEUED, Status.FAILED]
    assert "3 attempts" in store.deploy(number).reason


def test_a_killed_deploy_gives_way_to_a_newer_push(store: Store) -> None:
    killed = claimed(store)
    newer = store.enqueue(push()).deploy
    assert store.requeue(killed) is Status.SUPERSEDED
    assert store.deploy(killed).superseded_by == newer


def test_a_killed_deploy_that_was_to_be_cancelled_is_cancelled(store: Store) -> None:
    killed = claimed(store)
    store.cancel(killed)
    assert store.requeue(killed) is Status.CANCELLED


def test_going_live_makes_the_release_before_the_standby(store: Store, clock: Clock) -> None:
    first = live(store)
    second = live(store, slot=Slot.GREEN)
    assert store.app("shop").live == second
    standby = store.standbys()
    assert [release.deploy for release in standby] == [first]
    assert standby[0].retire_at == pytest.approx(clock.now + 600, abs=1)
    store.retired(first)
    assert store.standbys() == []


def test_a_rollback_to_the_standby_serves_the_old_release_again(store: Store) -> None:
    first, second = live(store), live(store, slot=Slot.GREEN)
    back = claimed(store, trigger=Trigger.ROLLBACK, rollback_to=first)
    store.go_live(back, first, standby=600)
    store.end(back, Status.LIVE)
    assert store.app("shop").live == first
    assert store.deploy(second).status is Status.ROLLED_BACK
    assert [release.deploy for release in store.standbys()] == [second]


def test_a_rollback_without_a_number_goes_to_the_release_before_what_is_live(store: Store) -> None:
    first, second, third = live(store), live(store, slot=Slot.GREEN), live(store)
    assert store.rollback_target("shop").deploy == second
    copy = live(store, slot=Slot.GREEN, trigger=Trigger.ROLLBACK, rollback_to=second)
    assert store.app("shop").live == copy
    assert store.rollback_target("shop").deploy == first
    assert store.rollback_target("shop", third).deploy == third
    with pytest.raises(Refused, match="live already"):
        store.rollback_target("shop", copy)
    with pytest.raises(NotFound):
        store.rollback_target("shop", 99)


def test_the_first_release_has_none_before_it(store: Store) -> None:
    live(store)
    with pytest.raises(NotFound, match="no earlier release"):
        store.rollback_target("shop")


def test_a_release_that_never_served_is_no_target(store: Store) -> None:
    live(store)
    failed = claimed(store)
    store.add_release(Release(failed, "shop", "f" * 40, "sha256:f", Slot.GREEN, 2))
    store.end(failed, Status.FAILED, "unhealthy")
    store.drop_release(failed)
    assert store.release(failed) is None


def test_steps_are_told_with_their_times_and_only_of_the_last_attempt(store: Store) -> None:
    number = store.enqueue(push()).deploy
    first = store.claim(builds=1)
    assert first
    store.begin_step(first, Step.FETCH)
    store.requeue(number)
    second = store.claim(builds=1)
    assert second
    store.begin_step(second, Step.FETCH)
    store.begin_step(second, Step.BUILD)
    steps = store.steps(number)
    assert [step.step for step in steps] == [Step.FETCH, Step.BUILD]
    assert steps[0].ended_at == steps[1].started_at
    assert steps[1].ended_at is None


def test_a_tip_is_news_once(store: Store) -> None:
    poll = push(trigger=Trigger.POLL)
    first = store.enqueue_new_tip(poll, "a" * 40)
    assert first
    assert store.deploy(first.deploy).status is Status.QUEUED
    assert store.enqueue_new_tip(poll, "a" * 40) is None


def test_a_tip_that_a_waiting_deploy_will_see_is_no_news(store: Store) -> None:
    poll = push(trigger=Trigger.POLL)
    store.enqueue(push())
    assert store.enqueue_new_tip(poll, "b" * 40) is None
    deploy = store.claim(builds=1)
    assert deploy
    store.record_commit(deploy.number, "a" * 40)
    assert store.enqueue_new_tip(poll, "b" * 40)


def test_what_is_asked_for_by_hand_is_neither_replaced_nor_followed_by_a_poll_until_it_is_over(store: Store) -> None:
    poll = push(trigger=Trigger.POLL)
    first = live(store)
    live(store, slot=Slot.GREEN)
    back = store.enqueue(push(trigger=Trigger.ROLLBACK, rollback_to=first)).deploy
    assert store.enqueue_new_tip(poll, "a" * 40) is None, "it waits"
    assert store.claim(builds=1)
    store.record_commit(back, "b" * 40)
    assert store.enqueue_new_tip(poll, "a" * 40) is None, "it runs"
    store.go_live(back, first, standby=600)
    assert store.enqueue_new_tip(poll, "a" * 40) is None, "it drains, and has yet to say what of the branch it undoes"
    store.record_tip("shop", "a" * 40)
    store.end(back, Status.LIVE)
    assert store.enqueue_new_tip(poll, "a" * 40) is None, "it is not undone"
    assert store.enqueue_new_tip(poll, "c" * 40)


BY_HAND: list[dict[str, Any]] = [
    {"trigger": Trigger.ROLLBACK, "rollback_to": 1},
    {"trigger": Trigger.CLI, "commit": "abc1234"},
]


def come_to_nothing(store: Store, number: int, how: str) -> None:
    if how == "cancelled while it waited":
        store.cancel(number)
        return
    deploy = store.claim(builds=1)
    assert deploy
    assert deploy.number == number
    if how == "failed":
        store.end(number, Status.FAILED, "its image is gone")
    elif how == "cancelled":
        store.cancel(number)
        assert store.requeue(number) is Status.CANCELLED
    elif how == "sent back":
        store.add_release(Release(number, "shop", "d" * 40, "sha256:d", Slot.GREEN, 2))
        store.go_live(number, number, standby=600)
        store.send_back(number, number, 1, "it died")
        assert [deploy.number for deploy in store.in_progress()] == [number], "its replicas have yet to stop"
        store.end(number, Status.ROLLED_BACK, "it died")
    else:
        for _ in range(2):
            store.requeue(number)
            assert store.claim(builds=1)
        assert store.requeue(number) is Status.FAILED


@pytest.mark.parametrize("how", ["failed", "killed", "cancelled", "cancelled while it waited", "sent back"])
@pytest.mark.parametrize("by_hand", BY_HAND)
def test_what_the_poll_found_comes_again_when_what_took_its_place_by_hand_came_to_nothing(
    store: Store, by_hand: dict[str, Any], how: str
) -> None:
    assert live(store) == 1
    poll = push(trigger=Trigger.POLL)
    assert store.enqueue_new_tip(poll, "a" * 40)
    store.enqueue(push(**by_hand))
    again = store.enqueue(push(**by_hand)).deploy
    assert store.enqueue_new_tip(poll, "a" * 40) is None
    come_to_nothing(store, again, how)
    assert store.enqueue_new_tip(poll, "a" * 40)


@pytest.mark.parametrize("by_hand", BY_HAND)
def test_what_is_asked_for_by_hand_and_goes_live_is_not_undone_by_the_push_that_it_took_the_place_of(
    store: Store, by_hand: dict[str, Any]
) -> None:
    assert live(store) == 1
    poll = push(trigger=Trigger.POLL)
    assert store.enqueue_new_tip(poll, "a" * 40)
    live(store, slot=Slot.GREEN, **by_hand)
    assert store.enqueue_new_tip(poll, "a" * 40) is None


def test_what_failed_is_not_brought_again_by_the_poll_when_later_something_by_hand_fails(store: Store) -> None:
    poll = push(trigger=Trigger.POLL)
    assert live(store) == 1
    assert store.enqueue_new_tip(poll, "a" * 40)
    failed = store.claim(builds=1)
    assert failed
    store.end(failed.number, Status.FAILED)
    store.enqueue_settings(push(trigger=Trigger.SETTINGS))
    store.end(claimed(store, trigger=Trigger.ROLLBACK, rollback_to=1), Status.FAILED)
    assert store.enqueue_new_tip(poll, "a" * 40) is None


def test_a_killed_push_is_not_lost_to_new_settings_that_wait(store: Store) -> None:
    killed = claimed(store)
    settings = store.enqueue_settings(push(trigger=Trigger.SETTINGS)).deploy
    assert store.requeue(killed) is Status.QUEUED
    assert (store.deploy(settings).status, store.deploy(settings).superseded_by) == (Status.SUPERSEDED, killed)


def test_a_deploy_that_begins_again_fetches_the_tip_again(store: Store) -> None:
    killed = claimed(store)
    store.record_commit(killed, "a" * 40)
    store.requeue(killed)
    assert store.deploy(killed).commit == ""


def test_a_commit_asked_for_by_hand_is_kept_through_a_kill(store: Store) -> None:
    killed = claimed(store, commit="abc1234")
    store.record_commit(killed, "a" * 40)
    store.requeue(killed)
    assert store.deploy(killed).requested_commit == "abc1234"


def test_a_release_that_was_rolled_back_is_no_target_unless_named(store: Store) -> None:
    first, second = live(store), live(store, slot=Slot.GREEN)
    back = claimed(store, trigger=Trigger.ROLLBACK, rollback_to=first)
    store.go_live(back, first, standby=600)
    store.end(back, Status.LIVE)
    live(store, slot=Slot.GREEN)
    assert store.rollback_target("shop").deploy == first
    assert store.rollback_target("shop", second).deploy == second


def test_a_rollback_that_was_sent_back_leaves_the_statuses_as_they_were(store: Store) -> None:
    first, second = live(store), live(store, slot=Slot.GREEN)
    back = claimed(store, trigger=Trigger.ROLLBACK, rollback_to=first)
    store.go_live(back, first, standby=600)
    store.send_back(back, first, second, "it died")
    assert store.app("shop").live == second
    assert store.deploy(second).status is Status.LIVE
    assert [store.deploy(number).status for number in (first, back)] == [Status.ROLLED_BACK] * 2
    assert store.standbys() == []


def test_a_waiting_rollback_is_known(store: Store) -> None:
    first = live(store)
    live(store, slot=Slot.GREEN)
    assert not store.rollback_is_queued("shop")
    store.enqueue(push(trigger=Trigger.ROLLBACK, rollback_to=first))
    assert store.rollback_is_queued("shop")


def test_retirements_move_with_the_clock(store: Store) -> None:
    live(store)
    live(store, slot=Slot.GREEN)
    before = store.standbys()[0].retire_at
    assert before
    store.shift_retirements(3600)
    assert store.standbys()[0].retire_at == before + 3600


def test_a_token_is_valid_for_its_app_until_it_is_revoked(store: Store) -> None:
    token = store.create_token("ci", "shop")
    anywhere = store.create_token("admin")
    assert store.token_name(token, "shop") == "ci"
    assert store.token_name(token, "blog") is None
    assert store.token_name(anywhere, "blog") == "admin"
    store.revoke_token("ci")
    assert store.token_name(token, "shop") is None
    with pytest.raises(NotFound):
        store.revoke_token("ci")


def test_a_tokens_text_is_not_in_the_database(state: StateDir, store: Store) -> None:
    token = store.create_token("ci")
    store.close()
    for file in state.root.glob("hookserver.db*"):
        assert token.encode() not in file.read_bytes()


def test_a_locked_database_is_a_clear_error_within_five_seconds(state: StateDir, store: Store) -> None:
    holder = sqlite3.connect(state.database, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="locked") as caught:
        store.enqueue(push())
    assert caught.value.http_status == 503
    holder.rollback()
    holder.close()
    assert store.enqueue(push()).deploy


def test_a_damaged_database_is_refused_with_the_way_to_recover(state: StateDir, store: Store) -> None:
    for _ in range(300):
        store.enqueue(push(by="x" * 200))
    store.close()
    file = state.database
    content = bytearray(file.read_bytes())
    content[4096 * 3 : 4096 * 12] = bytes(4096 * 9)
    file.write_bytes(content)
    damaged = Store(state)
    with pytest.raises(StoreError, match="go on serving"):
        damaged.upgrade()
    damaged.close()


def test_numbers_of_apps_last(store: Store) -> None:
    assert store.sync_apps(["shop", "blog", "another"]) == {"shop": 1, "blog": 2, "another": 3}
    assert store.sync_apps([]) == {"shop": 1, "blog": 2, "another": 3}


def test_each_slot_has_the_replicas_of_the_release_that_runs_there(store: Store) -> None:
    first = live(store)
    live(store, slot=Slot.GREEN)
    candidate = claimed(store)
    store.retired(first)
    store.add_release(Release(candidate, "shop", "c" * 40, "sha256:c", Slot.BLUE, 3))
    assert store.replicas() == {"shop": {Slot.BLUE: 3, Slot.GREEN: 2}}
    store.drop_release(candidate)
    assert store.replicas() == {"shop": {Slot.GREEN: 2}}


def test_new_settings_do_not_take_the_place_of_a_push_that_waits(store: Store) -> None:
    waiting = store.enqueue(push()).deploy
    assert store.enqueue_settings(push(trigger=Trigger.SETTINGS)).deploy == waiting
    assert store.deploy(waiting).trigger is Trigger.WEBHOOK


def test_a_waiting_deploy_of_settings_does_not_hide_a_new_tip_from_the_poll(store: Store) -> None:
    settings = store.enqueue_settings(push(trigger=Trigger.SETTINGS)).deploy
    news = store.enqueue_new_tip(push(trigger=Trigger.POLL), "a" * 40)
    assert news
    assert store.deploy(settings).superseded_by == news.deploy


def test_a_rollback_right_after_new_settings_goes_back_to_the_replicas_that_stand_by(store: Store) -> None:
    first = live(store)
    settings = live(store, slot=Slot.GREEN, trigger=Trigger.SETTINGS)
    assert store.rollback_target("shop").deploy == first
    assert settings


def test_a_rollback_after_that_goes_to_the_commit_before(store: Store) -> None:
    first, second = live(store), live(store, slot=Slot.GREEN)
    again = claimed(store, trigger=Trigger.SETTINGS)
    commit = f"{second:040x}"
    store.retired(first)
    store.add_release(Release(again, "shop", commit, "sha256:x", Slot.BLUE, 2))
    store.go_live(again, again, standby=600)
    store.end(again, Status.LIVE)
    store.retired(second)
    assert store.rollback_target("shop").deploy == first


def test_an_app_that_has_ended_keeps_its_history_and_its_number(store: Store) -> None:
    number, before = live(store), store.app("shop").number
    queued = store.enqueue(push()).deploy
    store.app_removed("shop")
    assert store.deploy(queued).status is Status.CANCELLED
    assert store.releases("shop")[0].retired_at is not None
    assert (store.app("shop").live, store.app("shop").number) == (None, before)
    assert store.deploy(number).status is Status.LIVE


def test_the_number_of_an_app_that_is_history_goes_to_the_next_one(store: Store) -> None:
    numbers = store.sync_apps(["shop", "blog", "typo"])
    assert sorted(numbers.values()) == [1, 2, 3]
    number = live(store)
    later = store.sync_apps(["blog", "wiki"])
    assert (later["wiki"], later["shop"], later["blog"]) == (numbers["typo"], numbers["shop"], numbers["blog"])
    store.app_removed("shop")
    assert store.sync_apps(["blog", "wiki", "till"])["till"] == numbers["shop"]
    assert store.deploy(number).app == "shop"
    assert store.sync_apps(["blog", "shop"])["shop"] in (1, 2, 3), "it has come back, and wiki is gone"


def test_what_an_app_was_is_remembered_while_it_serves(store: Store) -> None:
    live(store)
    store.set_effective_settings(0, {"apps": {"shop": {"path": "/"}, "blog": {"path": "/blog"}}})
    store.request_settings(["shop"])
    store.set_effective_settings(1, {"apps": {}})
    assert store.effective_settings().settings == {"apps": {"shop": {"path": "/"}}}
    assert store.effective_settings().retire == ("shop",)
    store.set_effective_settings(2, {"apps": {"shop": {"path": "/new"}}})
    assert store.effective_settings().retire == (), "it has come back before it was ended"
