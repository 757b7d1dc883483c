"""What a deploy's log must not show, and what the worker's says of its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hookserver.config import Settings
from hookserver.models import Deploy, Push, Release, Slot, Status, Trigger
from hookserver.pipeline.context import Context
from hookserver.pipeline.deploy import describe_end, open_log
from hookserver.state.state_dir import StateDir
from hookserver.store import Store


def context(tmp_path: Path, **further: Any) -> Context:
    app = {"name": "shop", "repository": "push", "domains": ["shop.example.com"], **further}
    settings = Settings.model_validate({"server": {"state_dir": tmp_path}, "apps": {"shop": app}})
    nothing: Any = None
    return Context(settings, {}, nothing, nothing, nothing, nothing)


def told(tmp_path: Path, text: str, **app: Any) -> str:
    deploy = Deploy(1, "shop", Status.RUNNING, Trigger.CLI)
    made = context(tmp_path, **app)
    log = open_log(made, deploy)
    log.line(text)
    log.close()
    return made.settings.server.state.log(1).read_text(encoding="utf-8")


def test_the_log_masks_what_the_builds_secret_files_say(tmp_path: Path) -> None:
    secret = tmp_path / "nexus"
    secret.write_text("first-canary\nsecond-canary\n")
    log = told(tmp_path, "a first-canary\nb second-canary\nc first", build={"env_files": {"NEXUS": secret}})
    assert log == "       a ••••••\n       b ••••••\n       c first\n"


def test_a_secret_file_that_is_not_there_is_the_builds_affair(tmp_path: Path) -> None:
    assert told(tmp_path, "x", build={"env_files": {"NEXUS": tmp_path / "none"}}) == "       x\n"


def test_the_log_masks_what_the_containers_file_of_variables_says(tmp_path: Path) -> None:
    file = tmp_path / "shop.env"
    file.write_text(
        "# db\nDB_PWD=canary-1\nDB_HOST=db.example.com\nDB_URL=postgres://shop:canary-2@db.example.com/shop\n"
    )
    log = told(tmp_path, "password=canary-1 db.example.com\ncanary-2", tomcat={"env_file": file})
    assert log == "       password=•••••• db.example.com\n       ••••••\n"


def test_one_secret_file_that_is_not_there_uncovers_no_other(tmp_path: Path) -> None:
    secret = tmp_path / "nexus"
    secret.write_text("first-canary\n")
    log = told(tmp_path, "first-canary", build={"env_files": {"A": tmp_path / "none", "B": secret}})
    assert "canary" not in log


def test_the_log_masks_each_line_of_a_secret(tmp_path: Path) -> None:
    log = told(
        tmp_path, "head\nfirst-canary\nsecond-canary", tomcat={"env": {"APP_KEY": "first-canary\nsecond-canary"}}
    )
    assert log == "       head\n       ••••••\n       ••••••\n"


def test_the_end_of_a_deploy_is_one_line_with_the_commit_or_the_cause(state: StateDir) -> None:
    store = Store(state)
    store.sync_apps(["shop"])
    nothing: Any = None
    context = Context(
        Settings.model_validate({"server": {"state_dir": state.root}}), {}, store, nothing, nothing, nothing
    )
    first = store.enqueue(Push("shop", Trigger.CLI)).deploy
    assert store.claim(builds=1)
    store.record_commit(first, "c" * 40)
    store.add_release(Release(first, "shop", "c" * 40, "sha256:1", Slot.GREEN, 2))
    store.go_live(first, first, standby=0)
    assert describe_end(context, first) == f"shop: deploy {first} is live: {'c' * 12} on green"
    store.end(first, Status.LIVE)
    second = store.enqueue(Push("shop", Trigger.CLI)).deploy
    assert store.claim(builds=1)
    store.end(second, Status.FAILED, "the build failed (exit code 1):\n  no symbol\nMend it.")
    assert describe_end(context, second) == f"shop: deploy {second} failed: the build failed (exit code 1): no symbol"
    store.close()
