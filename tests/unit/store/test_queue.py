"""The queue of pushes: one waiting and one running deploy per app, fair between apps."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from hookserver.errors import NotFound, Refused
from hookserver.models import Release, Slot, Status, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.unit.store.deploying import claimed, live, push


def test_a_stored_push_survives_a_restart(state: StateDir, store: Store) -> None:
    number = store.enqueue(push()).deploy
    store.close()
    again = Store(state)
    assert again.deploy(number).status is Status.QUEUED
    again.close()


def test_the_newest_waiting_push_supersedes_the_others(store: Store) -> None:
    numbers = [store.enqueue(push()).deploy for _ in range(3)]
    first, second, third = (store.deploy(number) for number in numbers)
    assert (first.status, first.superseded_by) == (Status.SUPERSEDED, second.number)
    assert (second.status, second.superseded_by) == (Status.SUPERSEDED, third.number)
    assert third.status is Status.QUEUED


def test_a_running_deploy_is_not_superseded(store: Store) -> None:
    running = claimed(store)
    store.enqueue(push())
    assert store.deploy(running).status is Status.RUNNING


def test_an_app_has_one_deploy_in_progress(store: Store) -> None:
    claimed(store)
    store.enqueue(push())
    assert store.claim(builds=4) is None


def test_a_draining_deploy_keeps_the_next_one_of_its_app_waiting(store: Store) -> None:
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


def test_a_waiting_app_is_served_before_any_other_is_served_twice(
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


def test_a_repeated_delivery_is_stored_once(store: Store) -> None:
    first = store.enqueue(push(delivery="d-1"))
    again = store.enqueue(push(delivery="d-1"))
    other_app = store.enqueue(push("blog", delivery="d-1"))
    assert (again.deploy, again.duplicate) == (first.deploy, True)
    assert not other_app.duplicate


def test_pushes_without_a_delivery_are_never_duplicates(store: Store) -> None:
    assert [store.enqueue(push()).duplicate for _ in range(2)] == [False, False]


def test_fifty_deliveries_of_one_id_at_once_are_one_deploy(store: Store) -> None:
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(store.enqueue(push(delivery="x")))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer.deploy for answer in answers}) == 1
    assert sum(not answer.duplicate for answer in answers) == 1


def test_a_push_to_an_unknown_app_is_not_found(store: Store) -> None:
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


def test_a_deploy_that_was_stopped_for_good_is_not_repeated(store: Store) -> None:
    number = claimed(store)
    store.do_not_repeat(number, "it did not end in time, and was stopped")

    assert store.requeue(number) is Status.FAILED
    assert store.deploy(number).reason == "it did not end in time, and was stopped"
    assert store.claim(builds=1) is None


def test_a_live_deploy_that_is_stopped_stays_live(store: Store) -> None:
    number = claimed(store)
    store.go_live(number, None, 0)
    store.do_not_repeat(number, "it did not end in time, and was stopped")

    assert store.deploy(number).reason == ""


def test_a_killed_deploy_is_superseded_by_a_newer_push(store: Store) -> None:
    killed = claimed(store)
    newer = store.enqueue(push()).deploy
    assert store.requeue(killed) is Status.SUPERSEDED
    assert store.deploy(killed).superseded_by == newer


def test_a_killed_deploy_that_was_to_be_cancelled_is_cancelled(store: Store) -> None:
    killed = claimed(store)
    store.cancel(killed)
    assert store.requeue(killed) is Status.CANCELLED


def test_a_tip_is_enqueued_once(store: Store) -> None:
    poll = push(trigger=Trigger.POLL)
    first = store.enqueue_new_tip(poll, "a" * 40)
    assert first
    assert store.deploy(first.deploy).status is Status.QUEUED
    assert store.enqueue_new_tip(poll, "a" * 40) is None


def test_a_tip_that_a_waiting_deploy_will_fetch_is_not_enqueued(store: Store) -> None:
    poll = push(trigger=Trigger.POLL)
    store.enqueue(push())
    assert store.enqueue_new_tip(poll, "b" * 40) is None
    deploy = store.claim(builds=1)
    assert deploy
    store.record_commit(deploy.number, "a" * 40)
    assert store.enqueue_new_tip(poll, "b" * 40)


def test_a_poll_neither_replaces_nor_undoes_what_was_requested_by_hand(store: Store) -> None:
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
def test_a_polled_tip_comes_again_when_the_request_that_superseded_it_fails(
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
def test_a_request_by_hand_that_goes_live_is_not_undone_by_the_push_that_it_superseded(
    store: Store, by_hand: dict[str, Any]
) -> None:
    assert live(store) == 1
    poll = push(trigger=Trigger.POLL)
    assert store.enqueue_new_tip(poll, "a" * 40)
    live(store, slot=Slot.GREEN, **by_hand)
    assert store.enqueue_new_tip(poll, "a" * 40) is None


def test_a_failed_tip_is_not_repeated_when_a_later_request_by_hand_fails(store: Store) -> None:
    poll = push(trigger=Trigger.POLL)
    assert live(store) == 1
    assert store.enqueue_new_tip(poll, "a" * 40)
    failed = store.claim(builds=1)
    assert failed
    store.end(failed.number, Status.FAILED)
    store.enqueue_settings(push(trigger=Trigger.SETTINGS))
    store.end(claimed(store, trigger=Trigger.ROLLBACK, rollback_to=1), Status.FAILED)
    assert store.enqueue_new_tip(poll, "a" * 40) is None


def test_a_killed_push_supersedes_new_settings_that_wait(store: Store) -> None:
    killed = claimed(store)
    settings = store.enqueue_settings(push(trigger=Trigger.SETTINGS)).deploy
    assert store.requeue(killed) is Status.QUEUED
    assert (store.deploy(settings).status, store.deploy(settings).superseded_by) == (Status.SUPERSEDED, killed)


def test_a_requeued_deploy_fetches_the_tip_again(store: Store) -> None:
    killed = claimed(store)
    store.record_commit(killed, "a" * 40)
    store.requeue(killed)
    assert store.deploy(killed).commit == ""


def test_a_requeued_deploy_keeps_its_requested_commit(store: Store) -> None:
    killed = claimed(store, commit="abc1234")
    store.record_commit(killed, "a" * 40)
    store.requeue(killed)
    assert store.deploy(killed).requested_commit == "abc1234"


def test_a_queued_rollback_is_found(store: Store) -> None:
    first = live(store)
    live(store, slot=Slot.GREEN)
    assert not store.rollback_is_queued("shop")
    store.enqueue(push(trigger=Trigger.ROLLBACK, rollback_to=first))
    assert store.rollback_is_queued("shop")


def test_new_settings_do_not_supersede_a_waiting_push(store: Store) -> None:
    waiting = store.enqueue(push()).deploy
    assert store.enqueue_settings(push(trigger=Trigger.SETTINGS)).deploy == waiting
    assert store.deploy(waiting).trigger is Trigger.WEBHOOK


def test_a_new_tip_supersedes_waiting_settings(store: Store) -> None:
    settings = store.enqueue_settings(push(trigger=Trigger.SETTINGS)).deploy
    news = store.enqueue_new_tip(push(trigger=Trigger.POLL), "a" * 40)
    assert news
    assert store.deploy(settings).superseded_by == news.deploy


def test_request_for_newer_images_supersedes_waiting_settings_and_no_push(store: Store) -> None:
    settings = store.enqueue_settings(push(trigger=Trigger.SETTINGS)).deploy
    refresh = store.enqueue_settings(push(trigger=Trigger.SETTINGS, rebuild=True)).deploy
    assert store.deploy(settings).superseded_by == refresh
    assert store.enqueue_settings(push(trigger=Trigger.SETTINGS)).deploy == refresh
    pushed = store.enqueue(push()).deploy
    assert store.enqueue_settings(push(trigger=Trigger.SETTINGS, rebuild=True)).deploy == pushed
