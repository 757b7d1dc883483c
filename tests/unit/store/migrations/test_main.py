"""The command that brings a database up to date."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "hookserver.store.migrations"]


def tables(database: Path) -> set[str]:
    connection = sqlite3.connect(database)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    return names


def test_two_processes_that_start_at_once_both_succeed(tmp_path: Path) -> None:
    database = tmp_path / "hookserver.db"
    both = [subprocess.Popen([*COMMAND, str(database)], stderr=subprocess.PIPE) for _ in range(2)]
    assert [process.communicate()[1] for process in both] == [b"", b""]
    assert [process.returncode for process in both] == [0, 0]
    assert {"apps", "deploys", "steps", "releases", "settings"} <= tables(database)


def test_a_path_with_a_percent_sign_works(tmp_path: Path) -> None:
    folder = tmp_path / "100%s"
    folder.mkdir()
    subprocess.run([*COMMAND, str(folder / "hookserver.db")], check=True)
    assert "deploys" in tables(folder / "hookserver.db")
