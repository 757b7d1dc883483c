"""``hookserver lock``, ``unlock``, ``prune`` and ``nginx show``."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.errors import AppLocked, NotFound
from hookserver.models import Push, Trigger
from hookserver.store import Store
from tests.unit.cli.conftest import Run


def test_locked_app_keeps_its_pushes_until_it_is_unlocked(run: Run, store: Store) -> None:
    done = run("lock", "shop", "--reason", "stocktaking")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "shop is locked; its pushes wait until `hookserver unlock shop`\n"
    lock = store.app("shop").lock
    assert lock is not None
    assert lock.reason == "stocktaking"
    assert isinstance(run("lock", "shop", "--reason", "again").exception, AppLocked)
    store.enqueue(Push("shop", Trigger.WEBHOOK))
    assert store.claim(1) is None
    assert run("unlock", "shop").stderr == "shop is unlocked\n"
    assert store.claim(1) is not None


def test_lock_needs_a_reason(run: Run, store: Store) -> None:
    assert run("lock", "shop").exit_code == 2
    assert store.app("shop").lock is None


@pytest.mark.parametrize(
    "arguments", [("lock", "shpo", "--reason", "x"), ("unlock", "shpo"), ("nginx", "show", "shpo")]
)
def test_unknown_app_is_not_found(run: Run, arguments: tuple[str, ...]) -> None:
    assert isinstance(run(*arguments).exception, NotFound)


def test_prune_removes_nothing_without_confirmation(run: Run) -> None:
    done = run("prune", stdin="n\n")
    assert done.exit_code == 1
    assert "Remove the images of releases older than the `keep` newest?" in done.stderr
    assert done.stdout == ""


def test_nginx_show_prints_locations_on_stdout_and_their_place_on_stderr(run: Run, file: Path) -> None:
    file.write_text('[nginx]\nmode = "system"\n' + file.read_text())
    done = run("nginx", "show", "shop")
    assert done.exit_code == 0, done.output
    assert "location " in done.stdout
    assert "Include this in your server { } for shop.example.com" in done.stderr


def test_reason_of_a_lock_is_one_line_of_plain_text(run: Run, store: Store) -> None:
    assert run("lock", "shop", "--reason", "freeze\x1b]0;x\x07\n\u202enow").exit_code == 0
    lock = store.app("shop").lock
    assert lock is not None
    assert lock.reason == "freeze now"
