"""Undoing a deploy that did not go live."""

from __future__ import annotations

import pytest

from hookserver.errors import DeployFailed, NginxError
from hookserver.models import Slot, TrafficState
from hookserver.pipeline.undo import apply_nginx_again, move_traffic_back, undo
from tests.unit.pipeline.conftest import PipelinePlace


def test_undo_removes_the_replicas_the_release_and_the_folder_of_a_deploy(place: PipelinePlace) -> None:
    place.go_live(slot=Slot.BLUE)
    deploy = place.claim()
    place.make(deploy, Slot.GREEN, "d" * 40)
    work = place.settings.server.state.work(deploy.number)
    work.mkdir(parents=True)
    undo(place.context, deploy)
    assert place.runtime.replicas("shop", Slot.GREEN) == []
    assert len(place.runtime.replicas("shop", Slot.BLUE)) == 2
    assert place.store.release(deploy.number) is None
    assert place.images.leftovers_of == [deploy.number]
    assert not work.exists()
    undo(place.context, deploy)


def test_undo_leaves_a_slot_with_traffic_alone_whatever_the_database_says(place: PipelinePlace) -> None:
    deploy = place.claim()
    place.make(deploy, Slot.GREEN)
    place.traffic.states["shop"] = TrafficState(Slot.GREEN)
    with pytest.raises(DeployFailed, match="shop's slot green has traffic"):
        undo(place.context, deploy)
    assert len(place.runtime.replicas("shop", Slot.GREEN)) == 2
    assert place.store.release(deploy.number) is not None


def test_traffic_moves_back_to_the_release_before_with_its_sticky_standby(place: PipelinePlace) -> None:
    place.go_live(slot=Slot.BLUE)
    before = place.go_live(slot=Slot.GREEN, commit="d" * 40, sticky=1800)
    place.traffic.states["shop"] = TrafficState(Slot.BLUE)
    move_traffic_back(place.context, "shop", before)
    assert place.traffic.get("shop") == TrafficState(Slot.GREEN, sticky=Slot.BLUE)
    assert place.traffic.applied


def test_an_app_that_was_not_live_before_gets_no_traffic_again(place: PipelinePlace) -> None:
    place.traffic.states["shop"] = TrafficState(Slot.BLUE)
    move_traffic_back(place.context, "shop", None)
    assert place.traffic.get("shop") == TrafficState()


def test_traffic_that_cannot_be_moved_back_is_an_error_and_a_configuration_that_cannot_is_not(
    place: PipelinePlace,
) -> None:
    before = place.go_live(slot=Slot.BLUE)
    place.traffic.refuses = "Nginx is down"
    with pytest.raises(NginxError):
        move_traffic_back(place.context, "shop", before)
    apply_nginx_again(place.context)
