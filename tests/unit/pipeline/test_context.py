"""The services that the pipeline works with."""

from __future__ import annotations

import pytest

from hookserver.addresses import endpoints
from hookserver.errors import DeployFailed, NginxError
from hookserver.models import Slot
from tests.unit.pipeline.conftest import PipelinePlace


def test_an_app_that_the_effective_settings_lack_is_refused_with_the_command_that_applies_it(
    place: PipelinePlace,
) -> None:
    with pytest.raises(DeployFailed, match="the effective settings have no app 'news'") as raised:
        place.context.app_settings("news")
    assert "`hookserver apply`" in raised.value.remedy


def test_the_endpoints_of_a_release_are_as_many_as_its_replicas_whatever_the_settings_say_now(
    place: PipelinePlace,
) -> None:
    live = place.go_live("shop", Slot.GREEN)
    shop = place.settings.apps["shop"].model_copy(update={"replicas": 5})
    place.settings = place.settings.model_copy(update={"apps": {"shop": shop}})
    number = place.context.numbers["shop"]
    assert place.context.endpoints(live) == endpoints(place.settings.docker, "shop", number, Slot.GREEN, 2)


def test_nginx_gets_the_endpoints_of_what_runs_and_for_a_free_slot_of_what_the_settings_say(
    place: PipelinePlace,
) -> None:
    place.go_live("shop", Slot.GREEN)
    shop = place.settings.apps["shop"].model_copy(update={"replicas": 5})
    place.settings = place.settings.model_copy(update={"apps": {"shop": shop}})
    assert place.context.apply_nginx()
    ((settings, every),) = place.traffic.applied
    assert list(settings.apps) == ["shop"]
    assert {slot: len(found) for slot, found in every["shop"].items()} == {Slot.BLUE: 5, Slot.GREEN: 2}


def test_an_app_keeps_its_path_until_a_release_of_its_new_context_is_about_to_go_live(place: PipelinePlace) -> None:
    place.go_live("shop", Slot.GREEN)
    shop = place.settings.apps["shop"]
    moved = shop.model_copy(update={"path": "/eu", "tomcat": shop.tomcat.model_copy(update={"context": "eu"})})
    place.settings = place.settings.model_copy(update={"apps": {"shop": moved}})
    place.context.apply_nginx()
    assert place.traffic.applied[-1][0].apps["shop"].path == "/"
    coming = place.make(place.claim(), Slot.BLUE, "d" * 40)
    place.context.apply_nginx(coming)
    assert place.traffic.applied[-1][0].apps["shop"].path == "/eu"


def test_a_configuration_that_nginx_refuses_is_an_error(place: PipelinePlace) -> None:
    place.traffic.refuses = "unknown directive"
    with pytest.raises(NginxError, match="unknown directive"):
        place.context.apply_nginx()


def test_the_context_of_a_deploy_has_the_services_and_what_is_the_deploys_own(place: PipelinePlace) -> None:
    deploy = place.claim("blog")
    with place.running(deploy) as context:
        assert (context.deploy, context.app.name) == (deploy, "blog")
        assert context.store is place.store
        assert context.traffic is place.traffic


def test_a_deploy_of_an_app_that_the_effective_settings_lack_has_no_context(place: PipelinePlace) -> None:
    deploy = place.claim("blog")
    place.settings = place.settings.model_copy(update={"apps": {}})
    with pytest.raises(DeployFailed, match="have no app 'blog'"), place.running(deploy):
        pass


def test_the_mirror_of_an_app_that_is_pushed_to_follows_its_own_repository(place: PipelinePlace) -> None:
    state = place.settings.server.state
    mirror = place.context.mirror(place.settings.apps["shop"], 7)
    assert mirror.origin.remote.url == str(state.push_repository("shop"))
    assert state.tag(7) in repr(vars(mirror))
