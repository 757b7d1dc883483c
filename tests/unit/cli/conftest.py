"""A settings file with one app, its store, and the command line run on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hookserver.cli import cli
from hookserver.state.state_dir import StateDir

# The user of the web process may not enter pytest's own folders.
SETTINGS = """
[server]
user = "root"
state_dir = "{}"
[apps.shop]
repository = "push"
domains = ["shop.example.com"]
"""
Run = Callable[..., Result]


@pytest.fixture
def file(state: StateDir, tmp_path: Path) -> Path:
    path = tmp_path / "hookserver.toml"
    path.write_text(SETTINGS.format(state.root))
    return path


@pytest.fixture
def run(file: Path) -> Run:
    """One command of the command line, with the settings file."""

    def run(*arguments: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(cli, ["--config", str(file), *arguments], input=stdin)

    return run
