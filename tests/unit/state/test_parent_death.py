from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
CHILD = "import os, signal, sys; from hookserver.state.parent_death import end_with_parent\n"


def run(script: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", CHILD + script], stdout=subprocess.PIPE, env=environment)


def test_child_ends_when_its_parent_is_killed() -> None:
    """The grandchild says that it is ready through the pipe, and holds the pipe open until it ends."""
    script = """
parent = os.getpid()
if os.fork() == 0:
    end_with_parent(parent, signal.SIGKILL)
    os.write(1, b"ready")
signal.pause()
"""
    process = run(script)
    assert process.stdout
    try:
        assert process.stdout.read(5) == b"ready"
        assert select.select([process.stdout], [], [], 0)[0] == []
        process.kill()
        assert select.select([process.stdout], [], [], 10)[0], "the grandchild outlives its parent"
        assert process.stdout.read() == b""
    finally:
        process.kill()
        process.communicate()


def test_child_whose_parent_has_already_ended_ends_at_once() -> None:
    process = run("end_with_parent(os.getppid() + 1, signal.SIGKILL); print('goes on')")
    assert process.communicate(timeout=20)[0] == b""
    assert process.returncode == 1


def test_signal_is_the_requested_one() -> None:
    script = """
parent = os.getpid()
if os.fork() == 0:
    signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"SIGTERM"), os._exit(0)))
    end_with_parent(parent, signal.SIGTERM)
    os.write(1, b"ready")
signal.pause()
"""
    process = run(script)
    assert process.stdout
    assert process.stdout.read(5) == b"ready"
    process.kill()
    assert process.communicate(timeout=10)[0] == b"SIGTERM"
