"""Killed at any moment: after a restart the app is live on one slot, nothing is left over, no visitor has noticed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from hookserver.engine.labels import COMMIT, label_set
from tests.shop import Installation, ShopProject, assert_invariants, installed
from tests.shop.gate import Gate
from tests.shop.git_server import git_server
from tests.shop.installation import SCRIPT, free_port
from tests.shop.wars import ANSWERS_SLOWLY, DIES_WHEN_IT_SERVES, STOPS_SLOWLY
from tests.waiting import until

APP = "it-kill"
BASE = "tomcat:10.1-jdk17-temurin"


@dataclass
class Scene:
    """An app whose repository is on a git server behind a gate."""

    site: Installation
    project: ShopProject
    line: Gate
    versions: int = 0

    def release(self, health: str = "", start: str = "", build_seconds: float = 0) -> str:
        """Commit and publish the next version, without a push event."""
        self.versions += 1
        commit = self.project.release(f"v{self.versions}", health, start, build_seconds)
        self.project.publish()
        return commit

    def ask(self) -> int:
        """Ask for a deploy of what was published; answers its number."""
        answer = self.site.ask("POST", f"/api/v1/apps/{APP}/deploys", {})
        assert answer.status == 202, answer.text
        number: int = answer.json["deploy"]
        return number

    def deploy(self, **behaviour: str) -> None:
        """A deploy that nobody disturbs."""
        self.release(**behaviour)  # type: ignore[arg-type]
        assert self.site.ended(self.ask())["status"] == "live"


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with installed("172.30.177.0/24") as site:
        project = ShopProject(APP, site.folder / "work" / APP, site.folder / "git" / f"{APP}.git")
        with (
            git_server(site.folder / "git") as server,
            Gate(("127.0.0.1", free_port()), ("127.0.0.1", server.port)).standing() as line,
        ):
            site.add_app(APP, repository=f"http://127.0.0.1:{line.place[1]}/{APP}.git", app='poll = "0"', build=SCRIPT)
            made = Scene(site, project, line)
            made.release()
            site.start()
            assert site.ended(made.ask())["status"] == "live"
            yield made


def in_fetch(scene: Scene) -> int:
    scene.release()
    scene.line.hold()
    number = scene.ask()
    scene.site.reached(number, "fetch")
    return number


def in_build(scene: Scene) -> int:
    scene.release(build_seconds=2)
    number = scene.ask()
    until(lambda: [one for one in scene.site.containers("build") if one.status == "running"])
    return number


def in_start(scene: Scene) -> int:
    """The slot that is needed holds a standby that takes 6 s to retire."""
    scene.deploy(start=STOPS_SLOWLY)
    scene.deploy()
    scene.release()
    slot = scene.site.live_slot(APP)
    (standby,) = [one for one in scene.site.containers(app=APP) if one.labels["hookserver.slot"] != slot]
    number = scene.ask()
    scene.site.reached(number, "start")
    until(lambda: b"Pausing ProtocolHandler" in standby.logs(), 5, "the stop of the standby")
    return number


def in_check(scene: Scene) -> int:
    scene.release(health=ANSWERS_SLOWLY)
    number = scene.ask()
    scene.site.reached(number, "check")
    return number


def in_switch(scene: Scene) -> int:
    scene.release()
    number = scene.ask()
    scene.site.reached(number, "switch")
    return number


def later_in_switch(scene: Scene) -> int:
    """The traffic is on the new slot."""
    nginx = scene.site.nginx
    before = nginx.get(APP).live
    number = in_switch(scene)
    until(lambda: nginx.get(APP).live is not before, pause=0.0005)
    return number


def in_drain(scene: Scene) -> int:
    """A request of a visitor is under way on the old slot."""
    scene.release()
    number = scene.ask()
    scene.site.reached(number, "check")
    threading.Thread(target=scene.site.visit, args=(APP, "/slow.jsp?ms=7000"), daemon=True).start()
    scene.site.reached(number, "drain")
    return number


STEPS = [in_fetch, in_build, in_start, in_check, in_switch, later_in_switch, in_drain]


def kill_worker(scene: Scene, _number: int) -> None:
    scene.site.processes.kill(scene.site.processes.worker())


def kill_web(scene: Scene, _number: int) -> None:
    scene.site.processes.kill(scene.site.processes.web())


def kill_the_deploys_process(scene: Scene, number: int) -> None:
    scene.site.processes.kill(scene.site.processes.deploy(number))


def kill_everything(scene: Scene, _number: int) -> None:
    scene.site.kill_all()
    scene.site.start()


@pytest.mark.parametrize("step", STEPS)
def test_worker_killed_in_a_step_restarts_and_ends_the_deploy(scene: Scene, step: Callable[[Scene], int]) -> None:
    assert_survives(scene, step, kill_worker)


@pytest.mark.parametrize(
    ("step", "kill"),
    [
        (in_build, kill_web),
        (in_check, kill_the_deploys_process),
        (in_switch, kill_the_deploys_process),
        (in_check, kill_everything),
        (in_switch, kill_everything),
    ],
)
def test_killed_process_restarts_and_the_deploy_ends(
    scene: Scene, step: Callable[[Scene], int], kill: Callable[[Scene, int], None]
) -> None:
    assert_survives(scene, step, kill)


def test_worker_killed_in_a_rollback_restarts_and_ends_it(scene: Scene) -> None:
    site = scene.site
    scene.deploy()
    good, version = scene.project.tip(), f"v{scene.versions}"
    scene.release(health=DIES_WHEN_IT_SERVES, start=STOPS_SLOWLY)
    number = scene.ask()
    until(lambda: site.store.deploy(number).status == "rolled_back", 60, "the send-back", 0.001)
    kill_worker(scene, number)
    assert ended(site, number)["status"] == "rolled_back"
    assert "FATAL the licence is for one hour" in site.store.deploy(number).reason
    assert site.visit(APP).text == version
    assert_invariants(site, APP, good)
    scene.deploy()


def assert_survives(scene: Scene, step: Callable[[Scene], int], kill: Callable[[Scene, int], None]) -> None:
    site = scene.site
    with site.visitors(APP) as visitors:
        number = step(scene)
        kill(scene, number)
        scene.line.release()
        deploy = ended(site, number)
        assert deploy["status"] == "live", deploy
        assert site.visit(APP).text == f"v{scene.versions}"
    assert_invariants(site, APP, scene.project.tip(), visitors)


def ended(site: Installation, number: int) -> dict[str, object]:
    until(lambda: site.store.deploy(number).ended_at is not None, 150, f"the end of deploy {number}")
    until(site.is_ready, 20)
    return site.deploy(number)


def test_shop_stays_live_without_hookserver_which_recovers_its_state(scene: Scene) -> None:
    site = scene.site
    with site.visitors(APP) as visitors:
        site.kill_all()
        visitors.wait_for(50)
        site.start()
    status = json.loads(site.command("status", APP, "--json").stdout)
    assert status[0]["live"]["commit"] == scene.project.tip()
    assert visitors.versions == {f"v{scene.versions}"}
    assert_invariants(site, APP, scene.project.tip(), visitors)


def test_stop_during_a_build_leaves_none_and_the_next_start_repeats_it(scene: Scene) -> None:
    site = scene.site
    with site.visitors(APP) as visitors:
        number = in_build(scene)
        assert site.stop() < 30
        assert site.containers("build") == []
        assert site.store.deploy(number).status == "queued"
        site.start()
        assert site.ended(number)["status"] == "live"
    assert_invariants(site, APP, scene.project.tip(), visitors)
    assert site.deploy(number)["attempt"] == 2


def test_push_while_the_service_is_down_is_deployed_at_its_start(scene: Scene) -> None:
    site = scene.site
    site.stop()
    project = site.add_app("it-pushed")
    site.start()
    site.stop()
    project.release("while down")
    began = time.monotonic()
    pushed = project.push()
    assert time.monotonic() - began < 5
    assert "the push is accepted; hookserver does not answer" in pushed.output
    site.start()
    number = until(lambda: site.latest("it-pushed"))
    assert site.ended(number)["trigger"] == "poll"
    assert site.visit("it-pushed").text == "while down"
    assert_invariants(site, "it-pushed", project.tip())


def test_app_that_is_no_longer_in_the_settings_goes_on_serving(scene: Scene) -> None:
    """Its containers are not taken for orphans, as one of an app that the settings have is."""
    site = scene.site
    names = {one.name for one in site.containers(app=APP)}
    site.stop()
    kept = site.apps.pop(APP)
    last = f"{APP}-last"
    site.add_app(last)
    name = f"hs-{last}-green-1"
    place = {"slot": "green", "replica": 1, "replicas": 1, "route": "g1", "name": name}
    orphan = label_set(site.state.root, "replica", last, **place, deploy=1)
    try:
        site.docker.containers.create(BASE, name=name, labels={**orphan, COMMIT: ""})
        site.start()
        # Apps are reconciled by name, so this one comes after the one that is missing.
        until(lambda: not site.containers(app=last), 60, "the removal of an orphan")
        assert {one.name for one in site.containers(app=APP)} == names
        site.stop()
    finally:
        del site.apps[last]
        site.apps[APP] = kept
        site.write_settings()
        site.start()
    until(lambda: site.visit(APP).text == f"v{scene.versions}")
