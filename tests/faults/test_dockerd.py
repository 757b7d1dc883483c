"""The Docker daemon is killed: one of the test's own, beside the machine's."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.shop import assert_invariants, installed
from tests.shop.docker_daemon import DockerDaemon, docker_daemon
from tests.shop.invariants import assert_no_loss
from tests.waiting import until

APP = "it-daemon"
TOMCAT = "tomcat:10.1-jdk17-temurin"


@pytest.fixture
def daemon() -> Iterator[DockerDaemon]:
    with docker_daemon("hs-test0", "172.30.181.1/24", TOMCAT) as made:
        yield made


def test_shop_survives_a_killed_docker_daemon(daemon: DockerDaemon) -> None:
    """Without live-restore it comes back by itself; with live-restore, as the installation sets it, nobody notices."""
    with installed("172.30.180.0/24", daemon.host) as site:
        project = site.add_app(APP, replicas=2)
        site.start()
        project.release("one")
        site.ended(project.push().deploy)
        with site.visitors(APP) as visitors:
            daemon.kill()
            visitors.wait_for(50)
        assert_no_loss(visitors)
        began = time.monotonic()
        daemon.start()
        until(lambda: site.visit(APP).status == 200, 90, "the shop")
        print(f"the shop is back {time.monotonic() - began:.1f} s after the daemon's start was asked for")
        assert_invariants(site, APP, project.tip())

        daemon.stop()
        daemon.start("--live-restore")
        until(lambda: site.visit(APP).status == 200, 90, "the shop")
        assert_invariants(site, APP, project.tip())
        with site.visitors(APP) as visitors:
            daemon.kill()
            visitors.wait_for(50)
            daemon.start("--live-restore")
            visitors.wait_for(50)
        assert_invariants(site, APP, project.tip(), visitors)

        with site.visitors(APP) as visitors:
            project.release("two")
            before = site.latest(APP)
            pushing = project.push_in_background()
            number = until(lambda: site.latest(APP) if site.latest(APP) > before else 0)
            site.reached(number, "check")
            daemon.kill()
            daemon.start("--live-restore")
            project.finish(pushing)
            site.ended(number)
            if site.visit(APP).text != "two":
                site.ended(site.ask("POST", f"/api/v1/apps/{APP}/deploys?wait=1", {}).json["deploy"])
        assert_invariants(site, APP, project.tip(), visitors)
