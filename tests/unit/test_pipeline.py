"""What a deploy's log must not show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hookserver.config import Settings
from hookserver.models import Deploy, Status, Trigger
from hookserver.parts import Parts
from hookserver.pipeline import open_log


def parts(tmp_path: Path, **build: Any) -> Parts:
    app = {"name": "shop", "repository": "push", "domains": ["shop.example.com"], "build": build}
    settings = Settings.model_validate({"server": {"state_dir": tmp_path}, "apps": {"shop": app}})
    nothing: Any = None
    return Parts(settings, {}, nothing, nothing, nothing, nothing)


def told(tmp_path: Path, text: str, **build: Any) -> str:
    deploy = Deploy(1, "shop", Status.RUNNING, Trigger.CLI)
    made = parts(tmp_path, **build)
    log = open_log(made, deploy)
    log.line(text)
    log.close()
    return made.settings.server.state.log(1).read_text(encoding="utf-8")


def test_the_log_masks_what_the_builds_secret_files_say(tmp_path: Path) -> None:
    secret = tmp_path / "nexus"
    secret.write_text("first-canary\nsecond-canary\n")
    log = told(tmp_path, "a first-canary\nb second-canary", env_files={"NEXUS": secret})
    assert log == "       a ••••••\n       b ••••••\n"


def test_a_secret_file_that_is_not_there_is_the_builds_affair(tmp_path: Path) -> None:
    assert told(tmp_path, "x", env_files={"NEXUS": tmp_path / "none"}) == "       x\n"
