"""The documents of the API and of ``--json``, from a real SQLite file."""

from __future__ import annotations

from hookserver.config import AppSettings
from hookserver.models import Push, Step, StepOutcome, Trigger
from hookserver.store import Store
from hookserver.views import documents

SHOP = AppSettings(name="shop", repository="push", domains=("shop.example.com",))


def test_app_shows_its_running_deploy_however_many_pushes_came_since(store: Store) -> None:
    running = store.enqueue(Push("shop", Trigger.WEBHOOK)).deploy
    assert store.claim(builds=1)
    newer = [store.enqueue(Push("shop", Trigger.WEBHOOK)).deploy for _ in range(51)]
    assert documents.app(store, SHOP)["queue"] == {"running": running, "waiting": newer[-1]}


def test_app_shows_an_empty_queue(store: Store) -> None:
    assert documents.app(store, SHOP)["queue"] == {"running": None, "waiting": None}


def test_step_shows_how_it_ended(store: Store) -> None:
    store.enqueue(Push("shop", Trigger.WEBHOOK))
    deploy = store.claim(builds=1)
    assert deploy
    store.begin_step(deploy, Step.FETCH)
    store.end_step(deploy.number, StepOutcome.FAILED)
    store.begin_step(deploy, Step.BUILD)
    fetch, build = (documents.step(run) for run in store.steps(deploy.number))
    assert (fetch["step"], fetch["outcome"]) == ("fetch", "failed")
    assert fetch["seconds"] is not None
    assert fetch["seconds"] >= 0
    assert (build["seconds"], build["outcome"]) == (None, None)
