"""The fakes keep the contracts, as the real ones do (tests/integration: nginx, containers, builders)."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

from hookserver.addresses import all_endpoints
from hookserver.builders.job import BuildJob
from hookserver.deploy_log import DeployLog
from hookserver.models import Release, Slot
from tests.contracts import (
    keeps_the_images_contract,
    keeps_the_runtime_contract,
    keeps_the_traffic_contract,
    leaves_nothing_of_a_release_that_cannot_start,
)
from tests.fakes import FakeImages, FakeRuntime, FakeTraffic
from tests.unit.pipeline.conftest import COMMIT, PipelinePlace

SUBNET = IPv4Network("172.30.240.0/27")


def test_the_fake_runtime_keeps_the_contract(place: PipelinePlace) -> None:
    app = place.settings.apps["shop"]
    app = app.model_copy(update={"release": app.release.model_copy(update={"sessions": "shared"})})
    endpoints = all_endpoints(place.settings, place.context.numbers)["shop"]
    releases = {slot: Release(deploy, "shop", COMMIT, "i", slot, 2) for deploy, slot in enumerate(Slot, 7)}
    keeps_the_runtime_contract(FakeRuntime(), app, releases, endpoints)
    refusing = FakeRuntime(refuses_to_start=endpoints[Slot.BLUE][1].name)
    leaves_nothing_of_a_release_that_cannot_start(refusing, app, releases[Slot.BLUE], endpoints[Slot.BLUE])


def test_the_fake_images_keep_the_contract(place: PipelinePlace, tmp_path: Path) -> None:
    job = BuildJob(place.settings.apps["shop"], 1, COMMIT, tmp_path, tmp_path, SUBNET)
    log = DeployLog(tmp_path / "log")
    keeps_the_images_contract(FakeImages(), job, log)
    log.close()


def test_the_fake_traffic_keeps_the_contract(place: PipelinePlace) -> None:
    traffic = FakeTraffic()

    def take_down() -> None:
        traffic.refuses = "Nginx is down"

    endpoints = all_endpoints(place.settings, place.context.numbers)
    keeps_the_traffic_contract(traffic, place.settings, endpoints, "shop", take_down)
