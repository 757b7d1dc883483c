"""The unit of the web process, judged by systemd's own tool, and the process under what the unit takes away."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hookserver.config import load
from hookserver.state.permissions import prepare
from hookserver.state.state_dir import StateDir
from hookserver.state.web_user import find_web_user
from hookserver.store import Store
from tests.integration.web.conftest import SECRET, TOML
from tests.integration.web.test_gunicorn import PUSH, signed
from tests.shop.unix_http import ask
from tests.shop.web_user import USER, share_settings, web_user

UNIT = Path(__file__).parents[3] / "deploy/systemd/hookserver-web.service"
EXPOSURE = 1.5
_MDWE = "import ctypes, os, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0); os.execvp(sys.argv[1], sys.argv[1:])"
"""PR_SET_MDWE(2const): what MemoryDenyWriteExecute asks of the kernel. One before 6.3 refuses it."""


def settings_of_unit() -> dict[str, list[str]]:
    """The values of each key, in their order."""
    values: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if re.match(r"\w+=", line):
            key, _, value = line.partition("=")
            values.setdefault(key, []).append(value)
    return values


def test_exposure_of_the_unit_is_low() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    exposure = re.search(r"exposure level for hookserver-web\.service: ([\d.]+)", done.stdout)
    assert exposure, done.stdout
    print(f"exposure of hookserver-web.service: {exposure[1]}")
    assert float(exposure[1]) <= EXPOSURE


def test_unit_is_valid_and_names_what_is_documented() -> None:
    unit = configparser.ConfigParser(delimiters="=", interpolation=None, strict=False)
    unit.read_string(UNIT.read_text())
    assert unit["Service"]["ExecStart"] == "/usr/local/bin/hookserver serve"
    done = subprocess.run(["systemd-analyze", "verify", str(UNIT)], capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if UNIT.name in line and "is not executable" not in line]
    assert complaints == []


def test_folders_that_the_unit_may_write_are_those_of_the_web_process() -> None:
    state = StateDir(Path("/var/lib/hookserver"))
    (folders,) = settings_of_unit()["ReadWritePaths"]
    assert folders.split() == [str(path.parent) for path in (state.database, state.web_socket, state.push_socket)]


@pytest.fixture
def shop(migrated: Path) -> Iterator[tuple[Path, StateDir]]:
    """Settings and a state_dir as root has prepared them for the web process."""
    with tempfile.TemporaryDirectory(prefix="hs-unit-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        state, file = StateDir(Path(folder) / "state"), Path(folder) / "hookserver.toml"
        text = TOML.format(port=9000, site=9080, state_dir=state.root, secret=SECRET)
        file.write_text(text.replace("[server]", f'[server]\nuser = "{web_user()}"'))
        share_settings(file)
        prepare(state, find_web_user(load(file).settings.server.user))
        shutil.copyfile(migrated, state.database)
        yield file, state


@contextmanager
def serving(file: Path, state: StateDir, eventually: Callable[..., object], *before: str) -> Iterator[None]:
    """The web process, run by the commands ``before``."""
    command = [sys.executable, "-P", "-m", "hookserver", "--config", str(file), "serve"]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen([*before, *command], cwd="/", env=environ, stderr=subprocess.PIPE) as process:
        try:
            eventually(lambda: process.poll() is not None or state.web_socket.exists(), deadline=60)
            assert process.poll() is None, process.stderr and process.stderr.read()
            yield
        finally:
            for pid in _last_below(process.pid):
                os.kill(pid, signal.SIGTERM)
            process.wait(30)


def _last_below(pid: int) -> list[int]:
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [last for child in children for last in _last_below(child)] or [pid]


def push(state: StateDir) -> int:
    return ask(state.web_socket, "POST", "/hooks/shop", PUSH, signed(PUSH)).status


def as_web_user() -> list[str]:
    """Without any capability, and without a way to one."""
    names = ["--reuid", web_user(), "--regid", web_user()] if web_user() == USER else []
    return ["setpriv", *names, "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]


def test_process_takes_pushes_without_rights_network_and_executable_memory(
    shop: tuple[Path, StateDir], eventually: Callable[..., object]
) -> None:
    file, state = shop
    confined = ["unshare", "--net", *as_web_user(), sys.executable, "-c", _MDWE]
    with serving(file, state, eventually, *confined):
        assert push(state) == 202
        assert json.loads(ask(state.web_socket, "GET", "/readyz").body)["status"] == 503, "no worker runs"
    assert len(Store(state).deploys()) == 1


def test_process_makes_no_system_call_that_the_unit_forbids(
    shop: tuple[Path, StateDir], eventually: Callable[..., object], tmp_path: Path
) -> None:
    file, state = shop
    summary = tmp_path / "calls"
    with serving(file, state, eventually, "strace", "-f", "-c", "-U", "name", "-o", str(summary), *as_web_user()):
        assert push(state) == 202
        assert ask(state.web_socket, "GET", "/livez").status == 200
    made = {line.strip() for line in summary.read_text().splitlines()} - {"syscall", "", "total"}
    made = {name for name in made if re.fullmatch(r"\w+", name)}
    granted, *taken = settings_of_unit()["SystemCallFilter"]
    allowed = system_calls(granted.split()) - system_calls(taken[0].removeprefix("~").split())
    # setpriv, which stands for systemd here, gives up the rights itself before it starts the process.
    assert made - allowed <= {"setresuid", "setresgid", "setgroups", "capset", "prctl"}
    assert {"bind", "accept4", "read", "fsync", "fdatasync"} & made


def system_calls(names: list[str]) -> set[str]:
    """The system calls of systemd's sets, such as ``@system-service``."""
    found: set[str] = set()
    for name in names:
        if not name.startswith("@"):
            found.add(name)
            continue
        done = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True)
        members = [line.strip() for line in done.stdout.splitlines()[1:] if line.startswith("    ")]
        found |= system_calls([member for member in members if member and not member.startswith("#")])
    return found
