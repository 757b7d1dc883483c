"""``hookserver images refresh`` and ``hookserver cache clear``, without Docker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from hookserver.engine.client import Engine
from hookserver.errors import NotFound, Refused
from hookserver.models import Push, Release, Slot, Status, Step, Trigger
from hookserver.store import Store
from tests.fakes import FakeImages
from tests.unit.cli.conftest import Run

TOMCAT = "tomcat:10.1-jdk17-temurin"


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The images of which the registry has newer ones."""
    found: set[str] = set()

    def refresh(_: Engine, images: Mapping[str, str], report: Callable[[str], None]) -> set[str]:
        report(f"asked for {', '.join(sorted(images))}")
        return found & images.keys()

    monkeypatch.setattr("hookserver.engine.images.refresh_images", refresh)
    return found


def go_live(store: Store) -> None:
    store.enqueue(Push("shop", Trigger.CLI))
    deploy = store.claim(1)
    assert deploy
    store.add_release(Release(deploy.number, "shop", "c" * 40, "sha256:1", Slot.BLUE, 2))
    store.go_live(deploy.number, deploy.number, standby=0)
    store.end(deploy.number, Status.LIVE)


def test_live_app_is_deployed_again_on_a_newer_image(run: Run, store: Store, newer: set[str]) -> None:
    go_live(store)
    newer.add(TOMCAT)
    done = run("images", "refresh", "--detach")
    assert done.exit_code == 0, done.output
    queued = store.deploy(int(done.stdout))
    assert (queued.app, queued.trigger, queued.rebuild) == ("shop", Trigger.SETTINGS, True)
    assert f"{TOMCAT}" in done.stderr


def test_app_without_a_newer_image_is_left_alone(run: Run, store: Store, newer: set[str]) -> None:
    go_live(store)
    newer.add("tomcat:9.0-jdk17-temurin")
    done = run("images", "refresh", "shop")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "no app that is live has a newer image" in done.stderr
    assert len(store.deploys("shop", 9)) == 1


def test_app_that_is_not_live_is_not_deployed(run: Run, store: Store, newer: set[str]) -> None:
    newer.add(TOMCAT)
    assert run("images", "refresh").exit_code == 0
    assert store.deploys("shop", 9) == []


def test_locked_app_waits_and_is_not_followed(run: Run, store: Store, newer: set[str]) -> None:
    go_live(store)
    newer.add(TOMCAT)
    store.lock("shop", "stocktaking", "anna")
    done = run("images", "refresh")
    assert done.exit_code == 0
    assert "waits: locked by anna: stocktaking" in done.stderr


@pytest.mark.parametrize("arguments", [("images", "refresh", "shpo"), ("cache", "clear", "shpo")])
def test_unknown_app_is_not_found(run: Run, newer: set[str], arguments: tuple[str, ...]) -> None:
    assert isinstance(run(*arguments).exception, NotFound)


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch) -> FakeImages:
    made = FakeImages()
    monkeypatch.setattr("hookserver.wiring.make_context", lambda *_: SimpleNamespace(images=made))
    return made


def test_cache_is_not_cleared_while_a_build_of_the_app_runs(run: Run, store: Store, images: FakeImages) -> None:
    store.enqueue(Push("shop", Trigger.CLI))
    deploy = store.claim(1)
    assert deploy
    for step in (None, Step.FETCH, Step.BUILD):
        if step:
            store.begin_step(deploy, step)
        done = run("cache", "clear", "shop")
        assert isinstance(done.exception, Refused)
        assert f"deploy {deploy.number} of shop is building" in str(done.exception)
    assert images.caches_removed == []


def test_cache_is_cleared_after_the_build(run: Run, store: Store, images: FakeImages, file: Path) -> None:
    go_live(store)
    done = run("cache", "clear", "shop")
    assert (done.exit_code, images.caches_removed) == (0, ["shop"])
    assert "shop has no cache" in done.stderr
