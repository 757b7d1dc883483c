"""A deploy from its claim to its end: its log, the three kinds, and what a failure leaves."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from hookserver.cli.status_text import history_lines
from hookserver.config import Settings
from hookserver.errors import ContainerError
from hookserver.models import Deploy, Push, Release, Slot, Status, Step, TrafficState, Trigger
from hookserver.pipeline import after_switch, shortcuts, steps
from hookserver.pipeline import deploy as pipeline
from hookserver.pipeline.context import Context
from hookserver.pipeline.deploy import describe_end, open_log
from hookserver.pipeline.push_repositories import prepare_push_repositories
from hookserver.plain_text import plain
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.fakes import FakeImages, FakeRuntime, FakeTraffic
from tests.unit.pipeline.conftest import PipelinePlace


def context(tmp_path: Path, **further: Any) -> Context:
    app = {"name": "shop", "repository": "push", "domains": ["shop.example.com"], **further}
    settings = Settings.model_validate({"server": {"state_dir": tmp_path}, "apps": {"shop": app}})
    return Context(settings, {}, Store(settings.server.state), FakeImages(), FakeRuntime(), FakeTraffic())


def logged(tmp_path: Path, text: str, **app: Any) -> str:
    deploy = Deploy(1, "shop", Status.RUNNING, Trigger.CLI)
    made = context(tmp_path, **app)
    log = open_log(made, deploy)
    log.line(text)
    log.close()
    return made.settings.server.state.log(1).read_text(encoding="utf-8")


def test_the_log_masks_the_lines_of_the_builds_secret_files(tmp_path: Path) -> None:
    secret = tmp_path / "nexus"
    secret.write_text("first-canary\nsecond-canary\n")
    log = logged(tmp_path, "a first-canary\nb second-canary\nc first", build={"env_files": {"NEXUS": secret}})
    assert log == "       a ••••••\n       b ••••••\n       c first\n"


def test_a_missing_secret_file_does_not_prevent_the_log(tmp_path: Path) -> None:
    assert logged(tmp_path, "x", build={"env_files": {"NEXUS": tmp_path / "none"}}) == "       x\n"


def test_the_log_masks_the_secrets_of_the_containers_env_file(tmp_path: Path) -> None:
    file = tmp_path / "shop.env"
    file.write_text(
        "# db\nDB_PWD=canary-1\nDB_HOST=db.example.com\nDB_URL=postgres://shop:canary-2@db.example.com/shop\n"
    )
    log = logged(tmp_path, "password=canary-1 db.example.com\ncanary-2", tomcat={"env_file": file})
    assert log == "       password=•••••• db.example.com\n       ••••••\n"


def test_a_missing_secret_file_uncovers_no_other(tmp_path: Path) -> None:
    secret = tmp_path / "nexus"
    secret.write_text("first-canary\n")
    log = logged(tmp_path, "first-canary", build={"env_files": {"A": tmp_path / "none", "B": secret}})
    assert "canary" not in log


def test_the_log_masks_each_line_of_a_secret(tmp_path: Path) -> None:
    log = logged(
        tmp_path, "head\nfirst-canary\nsecond-canary", tomcat={"env": {"APP_KEY": "first-canary\nsecond-canary"}}
    )
    assert log == "       head\n       ••••••\n       ••••••\n"


def test_the_end_of_a_deploy_is_one_line_with_the_commit_or_the_cause(state: StateDir) -> None:
    store = Store(state)
    store.sync_apps(["shop"])
    settings = Settings.model_validate({"server": {"state_dir": state.root}})
    context = Context(settings, {}, store, FakeImages(), FakeRuntime(), FakeTraffic())
    first = store.enqueue(Push("shop", Trigger.CLI)).deploy
    assert store.claim(builds=1)
    store.record_commit(first, "c" * 40)
    store.add_release(Release(first, "shop", "c" * 40, "sha256:1", Slot.GREEN, 2))
    store.go_live(first, first, standby=0)
    assert describe_end(context, first) == f"shop: deploy {first} is live: {'c' * 12} on green"
    store.end(first, Status.LIVE)
    second = store.enqueue(Push("shop", Trigger.CLI)).deploy
    assert store.claim(builds=1)
    store.end(second, Status.FAILED, "the build failed (exit code 1):\n  no symbol\nFix it.")
    assert describe_end(context, second) == f"shop: deploy {second} failed: the build failed (exit code 1): no symbol"
    store.close()


@pytest.fixture
def healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replicas answer well at once, and are not checked for long after a switch."""
    for module in (steps, shortcuts):
        monkeypatch.setattr(module, "wait_until_healthy", lambda *_: None)
    monkeypatch.setattr(after_switch, "_CHECKED_FOR", 0.0)


class NoMirror:
    """A repository without files."""

    def checkout(self, *_: object) -> list[str]:
        return []


def perform(place: PipelinePlace, deploy: Deploy) -> Deploy:
    log = open_log(place.context, deploy)
    pipeline.perform(place.context, deploy, log)
    log.close()
    return place.store.deploy(deploy.number)


def test_a_rollback_to_a_standby_that_runs_starts_nothing(place: PipelinePlace, healthy: None) -> None:
    first = place.go_live(slot=Slot.BLUE)
    place.go_live(slot=Slot.GREEN, commit="d" * 40)
    ended = perform(place, place.claim(trigger=Trigger.ROLLBACK))
    assert (ended.status, ended.commit) == (Status.LIVE, first.commit)
    assert place.traffic.get("shop") == TrafficState(Slot.BLUE, sticky=Slot.GREEN)
    assert [step.step for step in place.store.steps(ended.number)] == [Step.SWITCH, Step.DRAIN]
    assert {replica.deploy for replica in place.runtime.replicas("shop", Slot.BLUE)} == {first.deploy}


def test_a_rollback_to_a_standby_that_does_not_run_starts_its_image_again(place: PipelinePlace, healthy: None) -> None:
    first = place.go_live(slot=Slot.BLUE)
    place.go_live(slot=Slot.GREEN, commit="d" * 40)
    place.runtime.end("hs-shop-blue-1")
    ended = perform(place, place.claim(trigger=Trigger.ROLLBACK))
    live = place.store.live_release("shop")
    assert live
    assert (live.deploy, live.image, live.slot) == (ended.number, first.image, Slot.BLUE)
    assert {replica.deploy for replica in place.runtime.replicas("shop", Slot.BLUE)} == {ended.number}


def test_new_settings_put_the_live_image_in_new_containers(place: PipelinePlace, healthy: None) -> None:
    first = place.go_live(slot=Slot.BLUE)
    shop = place.settings.apps["shop"].model_copy(update={"replicas": 3})
    place.settings = place.settings.model_copy(update={"apps": {"shop": shop}})
    deploy = place.claim(trigger=Trigger.SETTINGS)
    assert perform(place, deploy).status is Status.LIVE
    live = place.store.live_release("shop")
    assert live
    assert (live.image, live.slot, live.replicas) == (first.image, Slot.GREEN, 3)
    assert len(place.runtime.replicas("shop", Slot.GREEN)) == 3
    assert "replicas: 2 → 3" in place.log(deploy)


def test_live_commit_is_built_again_for_newer_images(
    place: PipelinePlace, healthy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = place.go_live(slot=Slot.BLUE)
    monkeypatch.setattr(place.context.__class__, "mirror", lambda *_: NoMirror())
    deploy = place.claim(trigger=Trigger.SETTINGS, rebuild=True)
    assert perform(place, deploy).status is Status.LIVE
    live = place.store.live_release("shop")
    assert live
    assert (live.commit, live.slot) == (first.commit, Slot.GREEN)
    assert live.image != first.image


def test_new_settings_without_a_live_release_end_cancelled(place: PipelinePlace) -> None:
    ended = perform(place, place.claim(trigger=Trigger.SETTINGS))
    assert (ended.status, ended.reason) == (Status.CANCELLED, "nothing is live that could get new settings")


def test_a_deploy_that_fails_is_undone_and_the_old_release_stays_live(place: PipelinePlace, healthy: None) -> None:
    live = place.go_live(slot=Slot.BLUE)
    shop = place.settings.apps["shop"].model_copy(update={"replicas": 3})
    place.settings = place.settings.model_copy(update={"apps": {"shop": shop}})
    place.runtime.refuses_to_start = "hs-shop-green-3"
    deploy = place.claim(trigger=Trigger.SETTINGS)
    ended = perform(place, deploy)
    assert (ended.status, ended.reason) == (Status.FAILED, "hs-shop-green-3 cannot be started")
    assert place.store.live_release("shop") == live
    assert place.traffic.get("shop") == TrafficState(Slot.BLUE)
    assert place.runtime.replicas("shop", Slot.GREEN) == []
    assert "failed: hs-shop-green-3 cannot be started" in place.log(deploy)


def test_a_cleanup_that_fails_is_in_the_log_and_the_deploy_ends_all_the_same(
    place: PipelinePlace, healthy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_deploy: int | None = None) -> list[str]:
        raise ContainerError("Docker does not answer")

    monkeypatch.setattr(place.images, "remove_leftovers", refuse)
    deploy = place.claim(trigger=Trigger.ROLLBACK)
    assert perform(place, deploy).status is Status.FAILED
    assert "cleanup is incomplete and will be retried: Docker does not answer" in place.log(deploy)


def test_an_unexpected_error_fails_the_deploy_with_its_type(
    place: PipelinePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_app: str, _to: int | None = None) -> Release:
        raise OSError("no space left on device")

    monkeypatch.setattr(place.store, "rollback_target", broken)
    ended = perform(place, place.claim(trigger=Trigger.ROLLBACK))
    assert ended.status is Status.FAILED
    assert ended.reason.startswith("unexpected OSError: no space left on device\n")


HOSTILE = "\x1b]52;c;ZXZpbA==\x07\x1b[31m{}\x9b0m\x07\u202e"


def test_nothing_of_a_repository_or_its_build_controls_a_terminal(place: PipelinePlace, tmp_path: Path) -> None:
    """From a real push of a commit with a hostile message to the log, the history and the worker's line."""
    shop = place.settings.apps["shop"].model_copy(update={"webhook_secret": SecretStr("hunter2-canary")})
    place.settings = place.settings.model_copy(update={"apps": {"shop": shop}})
    prepare_push_repositories(place.context, pytest.fail)
    push(place.settings.server.state.push_repository("shop"), tmp_path / "clone", HOSTILE.format("Fix the cart"))
    place.images.refuses_to_build = HOSTILE.format("[ERROR] hun\x1b[1mter2-can\x00ary is\nwrong")
    deploy = place.claim(trigger=Trigger.WEBHOOK)
    ended = perform(place, deploy)
    assert ended.reason == "[ERROR] •••••• is\nwrong"
    log = place.log(deploy)
    assert " Fix the cart\n" in log
    assert " !     [ERROR] •••••• is\n !     wrong\n" in log
    shown = "\n".join([log, *history_lines([ended]), describe_end(place.context, ended.number)])
    assert plain(shown) == shown
    assert "canary" not in shown


def push(repository: Path, clone: Path, message: str) -> None:
    identity = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", **identity}
    clone.mkdir()
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-m", message),
        ("push", "--quiet", str(repository), "main"),
    ):
        subprocess.run(["git", *arguments], cwd=clone, env=environment, check=True, capture_output=True)
