"""The promises of every runtime, image store and traffic: the same assertions for the fakes and the real ones."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence

import pytest

from hookserver.addresses import Endpoints
from hookserver.builders.job import BuildJob
from hookserver.config import AppSettings, Settings
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError, ContainerError, NginxError
from hookserver.models import Endpoint, Release, ReplicaState, Slot, TrafficState
from hookserver.pipeline.contracts import Images, Runtime, Traffic


def keeps_the_runtime_contract(
    runtime: Runtime, app: AppSettings, releases: Mapping[Slot, Release], endpoints: Mapping[Slot, Sequence[Endpoint]]
) -> None:
    """``app`` shares its sessions; ``releases``: one for each slot, whose replicas run until they are stopped."""
    runtime.tidy((), ())
    assert list(runtime.replicas(app.name)) == []
    for slot, release in releases.items():
        runtime.start(app, release, endpoints[slot])
        replicas = runtime.replicas(app.name, slot)
        assert [replica.name for replica in replicas] == [endpoint.name for endpoint in endpoints[slot]]
        assert {(one.app, one.slot, one.deploy, one.restarts) for one in replicas} == {
            (app.name, slot, release.deploy, 0)
        }
        assert {replica.state for replica in replicas} == {ReplicaState.RUNNING}
    both = list(runtime.replicas(app.name))
    assert len(both) == sum(map(len, endpoints.values()))

    blue = releases[Slot.BLUE]
    runtime.start(app, blue, endpoints[Slot.BLUE])
    assert list(runtime.replicas(app.name)) == both, "replicas that run are left alone"
    runtime.keep_running(app.name, Slot.BLUE)
    assert runtime.failure_report(both[0])
    assert not runtime.gave_up(both[0], "")
    assert list(runtime.session_messages(app.name, Slot.BLUE, 0)) == []
    assert list(runtime.share_sessions(app.name, Slot.BLUE)) == []

    runtime.stop(app.name, Slot.BLUE, 5)
    assert {replica.slot for replica in runtime.replicas(app.name)} == {Slot.GREEN}
    runtime.stop(app.name, Slot.BLUE, 5)
    runtime.remove_deploy(app.name, blue.deploy)
    assert len(runtime.replicas(app.name, Slot.GREEN)) == len(endpoints[Slot.GREEN]), "another deploy's are left alone"
    runtime.remove_deploy(app.name, releases[Slot.GREEN].deploy)
    assert list(runtime.replicas(app.name)) == []


def leaves_nothing_of_a_release_that_cannot_start(
    runtime: Runtime, app: AppSettings, release: Release, endpoints: Sequence[Endpoint]
) -> None:
    """``release`` was never live; one of its replicas cannot be started."""
    with pytest.raises(ContainerError):
        runtime.start(app, release, endpoints)
    assert list(runtime.replicas(app.name)) == []


def keeps_the_images_contract(images: Images, job: BuildJob, log: DeployLog) -> None:
    """``job``: one that no image exists for, and that can be built."""
    assert images.existing(job) is None
    image = images.build(job, log)
    assert images.existing(job) == images.kept(image) == image
    assert list(images.remove_leftovers(job.deploy)) == []
    assert list(images.prune(job.app, {image})) == []
    assert images.kept(image) == image
    assert image in images.prune(job.app, set())
    assert images.existing(job) is None
    with pytest.raises(BuildError):
        images.kept(image)
    assert list(images.remove_caches(f"{job.app.name}-without-caches")) == []


def keeps_the_traffic_contract(
    traffic: Traffic, settings: Settings, endpoints: Endpoints, app: str, take_down: Callable[[], None]
) -> None:
    """``app`` has sticky sessions and no traffic yet; after ``take_down`` no change can be confirmed."""
    assert traffic.apply(settings, endpoints)
    assert not traffic.apply(settings, endpoints)
    assert traffic.get(app) == TrafficState()
    assert list(traffic.unreached(app)) == []
    for state in (
        TrafficState(Slot.BLUE),
        TrafficState(Slot.GREEN, sticky=Slot.BLUE),
        TrafficState(Slot.GREEN, sticky=Slot.BLUE),
        TrafficState(Slot.BLUE, sticky=Slot.GREEN),
        TrafficState(),
        TrafficState(Slot.GREEN),
    ):
        traffic.set(app, state)
        assert traffic.get(app) == state
    for _ in range(2):
        traffic.remove(app)
        assert traffic.get(app) == TrafficState()
    traffic.set(app, TrafficState(Slot.GREEN))
    assert traffic.requests_in_flight(endpoints[app][Slot.BLUE]) == 0
    assert traffic.visitors(app, Slot.BLUE, 300) in (0, None)
    assert traffic.last_request(app, Slot.BLUE, time.time()) in (None, math.inf)
    traffic.rotate_logs()
    assert traffic.refused_requests() is None
    take_down()
    with pytest.raises(NginxError):
        traffic.set(app, TrafficState(Slot.BLUE))
    assert traffic.get(app) == TrafficState(Slot.GREEN)
