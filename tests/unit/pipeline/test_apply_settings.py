"""Changed settings are applied; an app that is no longer in them is removed on request."""

from __future__ import annotations

import pytest

from hookserver.errors import Refused
from hookserver.models import Slot, Status, TrafficState, Trigger
from hookserver.pipeline.apply_settings import apply_settings, remove_app
from tests.unit.pipeline.conftest import PipelinePlace


def without_the_blog(place: PipelinePlace) -> None:
    apps = {name: app for name, app in place.settings.apps.items() if name != "blog"}
    place.settings = place.settings.model_copy(update={"apps": apps})


def test_an_app_with_changed_settings_gets_one_deploy(place: PipelinePlace, report: list[str]) -> None:
    place.go_live("shop")
    place.go_live("blog")
    shop = place.settings.apps["shop"].model_copy(update={"replicas": 3})
    place.settings = place.settings.model_copy(update={"apps": {**place.settings.apps, "shop": shop}})
    apply_settings(place.context, report.append)
    apply_settings(place.context, report.append)
    queued = place.store.claim(builds=9)
    assert queued
    assert (queued.app, queued.trigger) == ("shop", Trigger.SETTINGS)
    assert not place.store.claim(builds=9)
    assert f"shop: its settings changed, so it gets new replicas: deploy {queued.number}" in report


def test_settings_that_nginx_refuses_are_reported_and_start_no_deploy(place: PipelinePlace, report: list[str]) -> None:
    place.go_live("shop")
    shop = place.settings.apps["shop"].model_copy(update={"replicas": 3})
    place.settings = place.settings.model_copy(update={"apps": {**place.settings.apps, "shop": shop}})
    place.traffic.refuses = "unknown directive"
    apply_settings(place.context, report.append)
    assert report == ["nginx: unknown directive"]
    assert not place.store.claim(builds=9)


def test_app_that_was_removed_from_the_settings_stays_live(place: PipelinePlace, report: list[str]) -> None:
    place.go_live("blog")
    without_the_blog(place)
    apply_settings(place.context, report.append)
    assert any(line.startswith("apps.blog was removed from the settings, but is still live") for line in report)
    assert place.traffic.get("blog") == TrafficState(Slot.BLUE)
    assert place.runtime.stopped == []


def test_an_app_is_removed_with_its_replicas_images_caches_and_folders(place: PipelinePlace, report: list[str]) -> None:
    place.go_live("blog")
    place.go_live("shop", commit="d" * 40)
    state = place.settings.server.state
    folders = [state.request_journals / "blog", state.sessions("blog")]
    for folder in (*folders, state.sessions("shop")):
        folder.mkdir(parents=True)
    place.runtime.tidy((), place.context.subnets())
    without_the_blog(place)
    remove_app(place.context, "blog", report.append)
    assert place.runtime.replicas("blog") == []
    assert place.runtime.networks == {place.context.subnet("shop")}
    assert len(place.runtime.replicas("shop")) == 2
    assert place.images.pruned == [set()]
    assert place.images.caches_removed == ["blog"]
    assert place.traffic.get("blog") == TrafficState()
    assert place.traffic.get("shop") == TrafficState(Slot.BLUE)
    assert not any(folder.exists() for folder in folders)
    assert state.sessions("shop").exists()
    assert "blog" not in place.store.live_releases()
    assert report == ["blog: retired, since it was removed from the settings"]


def test_an_app_is_not_removed_while_a_deploy_of_it_runs(place: PipelinePlace, report: list[str]) -> None:
    place.go_live("blog")
    deploy = place.claim("blog")
    without_the_blog(place)
    with pytest.raises(Refused, match="a deploy of it is running"):
        remove_app(place.context, "blog", report.append)
    assert len(place.runtime.replicas("blog")) == 2
    place.store.end(deploy.number, Status.FAILED)
    remove_app(place.context, "blog", report.append)
    assert place.runtime.replicas("blog") == []


def test_app_in_the_settings_is_not_removed_whatever_the_database_says(place: PipelinePlace) -> None:
    name = next(iter(place.context.settings.apps))
    with pytest.raises(Refused, match="in the settings"):
        remove_app(place.context, name, print)
