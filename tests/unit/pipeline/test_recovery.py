"""What a comparison leaves alone, and what it goes on from. Docker is the test's own; whole recoveries run for real."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hookserver.config import Settings, parse
from hookserver.containers import Replica
from hookserver.models import Slot
from hookserver.nginx import Nginx
from hookserver.pipeline import recovery
from hookserver.pipeline.context import Context
from hookserver.state.state_dir import StateDir
from hookserver.store import Store


class Docker:
    """One engine's images and replicas of ours."""

    def __init__(self) -> None:
        self.strangers: list[Replica] = []
        self.looked_at: list[str] = []
        self.removed: list[int] = []
        self.breaks_for = ""

    def replicas(self, app: str, slot: Slot | None = None) -> list[Replica]:
        self.looked_at.append(app)
        if app == self.breaks_for:
            raise KeyError("State")
        return [replica for replica in self.strangers if replica.app == app and slot in (None, replica.slot)]

    def remove_deploy(self, _app: str, deploy: int) -> None:
        self.removed.append(deploy)

    def ensure_network(self) -> None:
        pass

    def remove_leftovers(self) -> None:
        pass


@pytest.fixture
def settings(state: StateDir) -> Settings:
    text = f'[server]\nstate_dir = "{state.root}"\n[nginx]\nbinary = "/none"\n'
    for app in ("blog", "shop"):
        text += f'[apps.{app}]\nrepository = "push"\ndomains = ["{app}.test"]\n'
    return parse(text, state.root / "hookserver.toml").settings


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    made = Store(settings.server.state)
    made.sync_apps(settings.apps)
    yield made
    made.close()


@pytest.fixture
def docker() -> Docker:
    return Docker()


@pytest.fixture
def context(settings: Settings, store: Store, docker: Docker) -> Context:
    engine: Any = docker
    return Context(settings, store.sync_apps(()), store, engine, engine, Nginx(settings))


@pytest.fixture
def told() -> list[str]:
    return []


def stranger(app: str, deploy: int) -> Replica:
    return Replica(
        id=f"{app}{deploy}",
        name=f"hs-{app}-green1",
        app=app,
        slot=Slot.GREEN,
        route="green1",
        deploy=deploy,
        commit="c" * 40,
        image="sha256:1",
        state="running",
        restarts=0,
        exit_code=0,
        oom_killed=False,
        started_at=None,
        siblings=1,
    )


def test_what_goes_wrong_with_one_app_is_told_with_its_cause_and_the_others_are_compared(
    context: Context, docker: Docker, told: list[str]
) -> None:
    docker.breaks_for = "blog"
    recovery.reconcile(context, told.append)
    assert docker.looked_at == ["blog", "shop"]
    assert any("blog: unexpected KeyError: 'State'" in line for line in told)


def test_the_replicas_of_a_slot_that_is_being_let_go_are_left_to_who_does_it(
    context: Context, docker: Docker, told: list[str]
) -> None:
    docker.strangers = [stranger("blog", 1), stranger("shop", 2)]
    recovery.reconcile(context, told.append, spared={"shop"})
    assert docker.removed == [1]
    recovery.reconcile(context, told.append)
    assert docker.removed == [1, 1, 2]


def test_the_oldest_logs_go_and_what_a_person_put_beside_them_stays(
    context: Context, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "_LOGS_KEPT", 2)
    logs = context.settings.server.state.log(0).parent
    logs.mkdir(exist_ok=True)
    for name in ("7", "8", "9", "10", "7-saved", "²"):
        (logs / f"{name}.log").touch()
    recovery.reconcile(context, told.append)
    assert sorted(log.stem for log in logs.iterdir()) == ["10", "7-saved", "9", "²"]
    assert not [line for line in told if "old files" in line]
