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
    assert executed == [[sys.executable, "-m", "hookserver.supervisor", str(file)]]


def test_up_reports_mistakes_in_the_settings_before_it_starts_anything(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("it was started"))
    file.write_text(file.read_text() + "pol = 1\n")
    assert "pol: unknown key" in str(run("up").exception)
