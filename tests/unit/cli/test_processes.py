"""``hookserver serve``, ``worker`` and ``up`` as processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from hookserver.state.state_dir import StateDir
from hookserver.state.worker_lock import worker_is_alive
from hookserver.store import Store
from tests.unit.cli.conftest import Run

Eventually = Callable[..., object]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_serve_makes_the_database_and_answers_until_it_is_stopped(
    file: Path, state: StateDir, eventually: Eventually
) -> None:
    port = free_port()
    file.write_text(file.read_text().replace("[server]", f'[server]\nlisten = "127.0.0.1:{port}"'))
    line = [sys.executable, "-m", "hookserver", "--config", str(file), "serve"]
    with subprocess.Popen(line, stderr=subprocess.DEVNULL) as serving:
        eventually(lambda: answers(port), deadline=30)
        assert state.database.exists()
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(20) == 0


def test_up_becomes_the_supervisor_with_the_settings_file(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _path, arguments: executed.append(arguments))
    assert run("up").exit_code == 0
    assert executed == [[sys.executable, "-P", "-m", "hookserver.supervisor", str(file)]]


def test_up_reports_mistakes_in_the_settings_before_it_starts_anything(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("it was started"))
    file.write_text(file.read_text() + "pol = 1\n")
    assert "pol: unknown key" in str(run("up").exception)


def test_code_in_the_current_folder_is_never_run(
    file: Path, state: StateDir, tmp_path: Path, eventually: Eventually
) -> None:
    hostile = tmp_path / "clone"
    (hostile / "hookserver").mkdir(parents=True)
    (hostile / "hookserver" / "__init__.py").write_text(_TRAP)
    for module in ("alembic", "sqlalchemy", "flask", "click", "docker", "git", "sitecustomize"):
        (hostile / f"{module}.py").write_text(_TRAP)
    file.write_text(file.read_text().replace("[server]", f'[server]\nlisten = "127.0.0.1:{free_port()}"'))
    state.database.unlink()  # so that the migrations run, too
    entry_point = Path(sys.executable).with_name("hookserver")
    with subprocess.Popen([entry_point, "--config", str(file), "up"], cwd=hostile, stderr=subprocess.DEVNULL) as up:
        eventually(lambda: worker_is_alive(state) and Store(state).settings_version() > 0, deadline=60)
        up.send_signal(signal.SIGTERM)
        up.wait(40)
    assert not list(hostile.rglob("ran"))


_TRAP = "import pathlib\npathlib.Path(__file__).parent.joinpath('ran').touch()\nraise SystemExit(1)\n"
