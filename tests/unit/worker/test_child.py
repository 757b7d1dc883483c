"""A child process performs its task."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hookserver.config import Settings
from hookserver.errors import GitError
from hookserver.pipeline.reporting import Report
from hookserver.store import Store
from hookserver.worker import child
from hookserver.worker.task_table import TASKS
from hookserver.worker.tasks import Task, TaskKind

Eventually = Callable[..., object]
POLL = Task(TaskKind.POLL, "shop")


def no_context(_settings: Settings, store: Store) -> Any:
    """Nothing: the tasks of these tests use no service."""
    store.apps()


def exit_code(settings: Settings, monkeypatch: pytest.MonkeyPatch, log: Path, run: Callable[..., None]) -> int | None:
    """Of a real child process whose task is ``run``, which logs to the file ``log``."""
    store = Store(settings.server.state)
    store.apps()
    store.close()
    monkeypatch.setattr(child, "TASKS", {**TASKS, TaskKind.POLL: replace(TASKS[TaskKind.POLL], run=run)})

    def in_child() -> None:
        logging.basicConfig(filename=log, level=logging.INFO, format="%(name)s: %(message)s", force=True)
        child.run_task(no_context, store, settings, POLL)

    process = multiprocessing.get_context("fork").Process(target=in_child)
    process.start()
    process.join(20)
    return process.exitcode


def test_a_task_that_is_done_exits_with_0_and_reports_under_its_kind(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(_context: Any, task: Task, report: Report) -> None:
        report(f"{task.app} is done")

    assert exit_code(settings, monkeypatch, tmp_path / "log", run) == 0
    assert (tmp_path / "log").read_text() == "poll: shop is done\n"


def test_a_task_that_fails_exits_with_1_and_logs_the_problem_with_its_remedy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(*_: object) -> None:
        raise GitError("the remote is away", "Start it.")

    assert exit_code(settings, monkeypatch, tmp_path / "log", run) == 1
    assert "the remote is away" in (tmp_path / "log").read_text()
    assert "Start it." in (tmp_path / "log").read_text()
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_an_internal_error_exits_with_1_and_logs_where_it_happened(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    assert exit_code(settings, monkeypatch, tmp_path / "log", run) == 1
    assert "poll: shop: internal error" in (tmp_path / "log").read_text()
    assert "ZeroDivisionError: by zero" in (tmp_path / "log").read_text()


def test_a_child_ends_on_sigterm_though_the_worker_handles_it(tmp_path: Path, eventually: Eventually) -> None:
    def in_child() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child.become_child()
        (tmp_path / "ready").touch()
        signal.pause()

    process = multiprocessing.get_context("fork").Process(target=in_child)
    process.start()
    eventually((tmp_path / "ready").exists)
    process.terminate()
    process.join(10)
    assert process.exitcode == -signal.SIGTERM


def test_a_child_dies_with_a_killed_worker(tmp_path: Path, eventually: Eventually) -> None:
    script = tmp_path / "worker.py"
    script.write_text(
        "import multiprocessing, time\n"
        "from hookserver.worker.child import become_child\n"
        "def child():\n"
        "    become_child()\n"
        f"    open({str(tmp_path / 'pid')!r}, 'w').write(str(__import__('os').getpid()))\n"
        "    time.sleep(60)\n"
        "multiprocessing.get_context('fork').Process(target=child).start()\n"
    )
    with subprocess.Popen([sys.executable, str(script)]) as parent:
        written = eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), deadline=60)
        pid = int(str(written))
        parent.kill()
    eventually(lambda: not Path(f"/proc/{pid}").exists(), deadline=10)
