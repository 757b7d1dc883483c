"""``hookserver serve``, ``worker`` and ``up`` as processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from hookserver.cli import cli
from hookserver.errors import Refused
from hookserver.state.state_dir import StateDir
from hookserver.state.worker_lock import worker_is_alive
from hookserver.store import Store
from tests.shop.unix_http import ask
from tests.unit.cli.conftest import SETTINGS, Run

Eventually = Callable[..., object]


def answers(state: StateDir) -> bool:
    try:
        return ask(state.web_socket, "GET", "/livez").status == 200
    except OSError:
        return False


def test_serve_makes_the_database_and_answers_until_it_is_stopped(
    file: Path, state: StateDir, eventually: Eventually
) -> None:
    line = [sys.executable, "-m", "hookserver", "--config", str(file), "serve"]
    with subprocess.Popen(line, stderr=subprocess.DEVNULL) as serving:
        eventually(lambda: answers(state), deadline=30)
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
    # Neither Nginx nor Docker, of which something would stay on this machine.
    file.write_text(file.read_text() + '[nginx]\nbinary = "/bin/false"\n[docker]\nhost = "unix:///nowhere"\n')
    state.database.unlink()  # so that the migrations run, too
    entry_point = Path(sys.executable).with_name("hookserver")
    with subprocess.Popen([entry_point, "--config", str(file), "up"], cwd=hostile, stderr=subprocess.DEVNULL) as up:
        eventually(lambda: worker_is_alive(state) and Store(state).settings_version() > 0, deadline=60)
        eventually(lambda: answers(state), deadline=30)
        up.send_signal(signal.SIGTERM)
        up.wait(40)
    assert not list(hostile.rglob("ran"))


_TRAP = "import pathlib\npathlib.Path(__file__).parent.joinpath('ran').touch()\nraise SystemExit(1)\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's web process serves nobody")
def test_serve_as_root_is_refused_with_the_way_to_run_it(run: Run, file: Path) -> None:
    file.write_text(file.read_text().replace('user = "root"', 'user = "nobody"'))
    refused = run("serve").exception
    assert isinstance(refused, Refused)
    assert "setpriv --reuid nobody" in refused.remedy


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's web process serves nobody")
@pytest.mark.parametrize(
    ("user", "secret", "mistake"),
    [
        ("nobody", 0o600, "chgrp nobody"),
        ("no-such-user", 0o644, "useradd --system"),
    ],
)
def test_up_reports_what_the_web_process_cannot_read(
    user: str, secret: int, mistake: str, run: Run, state: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("it was started"))
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "shop.secret").write_text("a secret of the shop")
        (Path(folder) / "shop.secret").chmod(secret)
        file = Path(folder) / "hookserver.toml"
        text = SETTINGS.replace('"root"', f'"{user}"').format(state.root)
        file.write_text(f'{text}webhook_secret_file = "shop.secret"\n')
        answer = CliRunner().invoke(cli, ["--config", str(file), "up"])
    assert mistake in str(answer.exception)


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's web process serves nobody")
def test_settings_in_a_folder_that_the_web_process_may_not_enter_are_reported(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("it was started"))
    file.parent.chmod(0o700)
    file.write_text(file.read_text().replace('user = "root"', 'user = "nobody"'))
    assert "keep the file in /etc/hookserver" in str(run("up").exception)
