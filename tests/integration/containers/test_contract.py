"""Docker keeps the contract of the pipeline's runtime."""

from __future__ import annotations

from dataclasses import replace

from hookserver.models import Slot
from tests.contracts import keeps_the_runtime_contract, leaves_nothing_of_a_release_that_cannot_start
from tests.integration.containers.conftest import SERVES, ReplicaSite


def test_docker_keeps_the_contract_of_a_runtime(installation: ReplicaSite) -> None:
    releases = {slot: installation.release(SERVES, deploy, slot) for deploy, slot in enumerate(Slot, 7)}
    endpoints = {slot: installation.endpoints(release) for slot, release in releases.items()}
    keeps_the_runtime_contract(installation.containers, installation.app("shared"), releases, endpoints)


def test_docker_leaves_nothing_of_a_release_that_cannot_start(installation: ReplicaSite) -> None:
    release = installation.release()
    gone = replace(release, image="sha256:" + "0" * 64)
    leaves_nothing_of_a_release_that_cannot_start(
        installation.containers, installation.app(), gone, installation.endpoints(gone)
    )
