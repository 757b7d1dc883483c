"""The processes of a deploy, and others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hookserver.state.deploy_processes import kill_orphans
from hookserver.state.wait_until import wait_until


def test_kill_ends_the_processes_with_the_tag_and_no_other() -> None:
    ours, other = (
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env={"HOOKSERVER_DEPLOY": tag})
        for tag in ("unit-1", "unit-12")
    )
    try:
        _wait_for_environment(ours)
        _wait_for_environment(other)
        assert kill_orphans("unit-1") == 1
        assert ours.wait(5) == -9
        assert other.poll() is None
        assert kill_orphans("unit-1") == 0
    finally:
        other.kill()
        other.wait()


def test_kill_spares_the_calling_process() -> None:
    script = "from hookserver.state.deploy_processes import kill_orphans; print(kill_orphans('unit-self'), flush=True)"
    environ = {"HOOKSERVER_DEPLOY": "unit-self", "PYTHONPATH": ":".join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, timeout=30)
    assert done.stdout == "0\n", done.stderr


def _wait_for_environment(process: subprocess.Popen[bytes]) -> None:
    environment = Path(f"/proc/{process.pid}/environ")
    assert wait_until(lambda: b"HOOKSERVER_DEPLOY" in environment.read_bytes(), 5, pause=0.005)
