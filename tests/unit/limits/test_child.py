"""The child process in which foreign data is read, with the real kernel's limits."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from hookserver.errors import BuildError, GitError
from hookserver.limits.child import Limits, run_limited
from tests.waiting import until

ENOUGH = Limits(seconds=30)


def test_result_of_the_child_is_returned() -> None:
    pid, answer = run_limited("the build", lambda: (os.getpid(), "x" * 1_000_000), ENOUGH)

    assert pid != os.getpid()
    assert len(answer) == 1_000_000


def test_error_of_the_child_is_raised_as_it_is() -> None:
    def fail() -> None:
        raise GitError("no such commit", "Push it.")

    with pytest.raises(GitError) as caught:
        run_limited("the build", fail, ENOUGH, BuildError)
    assert (caught.value.problem, caught.value.remedy) == ("no such commit", "Push it.")


def test_unexpected_error_of_the_child_fails_the_deploy(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(BuildError, match="the build failed: unexpected ZeroDivisionError"):
        run_limited("the build", lambda: 1 // 0, ENOUGH, BuildError)


def test_child_that_needs_too_much_memory_is_stopped() -> None:
    with pytest.raises(BuildError, match="needs more than 64 MB of memory"):
        run_limited("the build", lambda: len(bytes(100 << 20)), Limits(seconds=30, memory=64 << 20), BuildError)


def _spin() -> None:
    while True:
        pass


def test_child_that_computes_for_too_long_is_stopped() -> None:
    with pytest.raises(BuildError, match="used more than 1 s of CPU time"):
        run_limited("the build", _spin, Limits(seconds=30, cpu=1), BuildError)


def test_child_that_waits_for_too_long_is_stopped() -> None:
    started = time.monotonic()

    with pytest.raises(BuildError, match="did not end within 0 s"):
        run_limited("the build", lambda: time.sleep(60), Limits(seconds=0.3), BuildError)
    assert time.monotonic() - started < 10


def test_child_cannot_write_a_large_file(tmp_path: Path) -> None:
    def write() -> None:
        with (tmp_path / "large").open("wb") as file:
            file.seek(2 << 20)
            file.write(b"x")

    with pytest.raises(BuildError, match="File too large"):
        run_limited("the build", write, Limits(seconds=30, file=1 << 20), BuildError)
    assert (tmp_path / "large").stat().st_size <= 1 << 20


def test_child_cannot_open_many_files(tmp_path: Path) -> None:
    def open_many() -> int:
        return len([os.open("/dev/null", os.O_RDONLY) for _ in range(100)])

    with pytest.raises(BuildError, match="Too many open files"):
        run_limited("the build", open_many, Limits(seconds=30, descriptors=50), BuildError)


def test_programs_of_the_child_end_with_it() -> None:
    marker = f"{time.time_ns()}"

    def start() -> None:
        subprocess.Popen(["sleep", f"60.{marker}"])
        time.sleep(60)

    with pytest.raises(BuildError):
        run_limited("the build", start, Limits(seconds=1), BuildError)
    until(lambda: not _running(marker), 10)


def test_child_ends_with_its_parent() -> None:
    reader, writer = os.pipe()

    def report_and_wait() -> None:
        os.write(writer, b"%d" % os.getpid())
        time.sleep(60)

    parent = os.fork()
    if parent == 0:
        run_limited("the build", report_and_wait, ENOUGH)
        os._exit(0)
    child = int(os.read(reader, 20))
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)

    until(lambda: not Path(f"/proc/{child}").exists() or " Z " in Path(f"/proc/{child}/stat").read_text(), 10)
    os.close(reader)
    os.close(writer)


def test_child_that_is_killed_from_outside_is_reported() -> None:
    with pytest.raises(BuildError, match="probably because this machine is out of memory"):
        run_limited("the build", lambda: os.kill(os.getpid(), signal.SIGKILL), ENOUGH, BuildError)


def _running(marker: str) -> bool:
    return any(marker.encode() in _command(path) for path in Path("/proc").glob("[0-9]*"))


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
