"""Every command gets the settings and the store, or an error with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.errors import SettingsError
from hookserver.state.state_dir import StateDir
from tests.unit.cli.conftest import Run


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    """A folder in which there is no database yet."""
    return StateDir(tmp_path / "new")


def test_command_makes_the_database_with_a_row_for_each_app(run: Run, state: StateDir) -> None:
    assert not state.database.exists()
    done = run("history", "shop")
    assert (done.exit_code, done.stdout) == (0, "no deploys yet\n")
    assert state.database.exists()


def test_command_reports_every_mistake_in_the_settings_and_opens_no_store(
    run: Run, file: Path, state: StateDir
) -> None:
    file.write_text(file.read_text() + "replicas = 99\npol = 1\n")
    done = run("history", "shop")
    assert isinstance(done.exception, SettingsError)
    assert len(done.exception.mistakes) == 2
    assert not state.database.exists()
