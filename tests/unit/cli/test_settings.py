"""``hookserver check``: what it says beside the settings themselves."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from hookserver.cli import cli
from tests.unit.project.trees import plant, pom, servlet

APP = '[apps.shop]\nrepository = "push"\ndomains = ["shop.example.com"]\npath = "/shop"\n'
SESSIONS = {"pom.xml": pom(""), "Shop.java": servlet("javax", inside="void x() { request.getSession(); }")}


def output(folder: Path, settings: str) -> str:
    file = plant(folder, {"hookserver.toml": settings}) / "hookserver.toml"
    done = CliRunner().invoke(cli, ["--config", str(file), "check"])
    assert done.exit_code == 0, done.output
    return done.stderr


def test_health_path_that_the_app_cannot_answer_is_reported(tmp_path: Path) -> None:
    assert "health.path counts from the server's root" in output(tmp_path, f'{APP}health.path = "/"\n')
    assert "health.path" not in output(tmp_path, APP)


def test_advice_on_sessions_is_of_the_own_project_and_not_of_one_below(tmp_path: Path) -> None:
    plant(tmp_path, {f"stranger/{name}": text for name, text in SESSIONS.items()})
    assert "sessions are used" not in output(tmp_path, APP)
    plant(tmp_path, SESSIONS)
    assert "sessions are used (Shop.java" in output(tmp_path, APP)


def test_settings_file_that_others_can_read_is_reported(tmp_path: Path) -> None:
    file = plant(tmp_path, {"hookserver.toml": APP}) / "hookserver.toml"
    file.chmod(0o644)
    assert f"settings: every user of this machine can read {file}: ch" in output(tmp_path, APP)
