"""``hookserver apply`` before it asks the worker for anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hookserver.cli import cli
from hookserver.config import load, record
from hookserver.errors import Refused, SettingsError
from hookserver.state.state_dir import StateDir
from hookserver.store import Store

SETTINGS = '[server]\nstate_dir = "{}"\n[apps.shop]\nrepository = "push"\ndomains = ["shop.example.com"]\n'


@pytest.fixture
def file(state: StateDir, tmp_path: Path) -> Path:
    """Settings that a worker applied before it ended; the domain has changed since."""
    path = tmp_path / "hookserver.toml"
    path.write_text(SETTINGS.format(state.root))
    store = Store(state)
    store.sync_apps(["shop"])
    store.set_effective_settings(0, record(load(path).settings, store.effective_settings().salt))
    store.close()
    path.write_text(path.read_text().replace("shop.example.com", "new.example.com"))
    return path


def apply(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(file), "apply", *arguments])


def test_dry_run_shows_the_plan_without_a_question(file: Path) -> None:
    done = apply(file, "--dry-run")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == 'apps.shop.domains: ["shop.example.com"] → ["new.example.com"]'


def test_plan_is_json_for_programs(file: Path) -> None:
    plan = json.loads(apply(file, "--dry-run", "--json").stdout)
    assert plan["reloads"] == 1
    assert plan["changes"][0]["effect"] == "reload"


def test_no_request_is_stored_without_a_worker(file: Path, state: StateDir) -> None:
    done = apply(file, "--yes")
    assert isinstance(done.exception, Refused)
    assert "worker is not running" in str(done.exception)
    store = Store(state)
    assert store.effective_settings().requested == 0
    store.close()


def test_all_mistakes_of_the_file_are_reported(file: Path) -> None:
    file.write_text(file.read_text() + "replicas = 99\npol = 1\n")
    done = apply(file, "--yes")
    assert isinstance(done.exception, SettingsError)
    assert len(done.exception.mistakes) == 2
