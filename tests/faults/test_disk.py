"""The disk of the state_dir is full: a push is stored or refused, and the shop stays online."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.faults.conftest import Shop
from tests.shop import installed
from tests.shop.invariants import assert_no_loss
from tests.waiting import until

SIZE = "48m"
FULL = 8.0
"""Seconds that the disk stays full in the middle of a deploy."""


@pytest.fixture(scope="module")
def small() -> Iterator[Shop]:
    """An app that serves, whose state_dir is a small disk of its own."""
    with ExitStack() as stack:
        mounted: list[Path] = []
        stack.callback(lambda: [subprocess.run(["umount", disk], check=True) for disk in mounted])
        site = stack.enter_context(installed("172.30.193.0/24"))
        site.state.root.mkdir()
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=711", "hookserver-test", site.state.root], check=True
        )
        mounted.append(site.state.root)
        made = Shop(site, site.add_app("it-disk"))
        site.start()
        made.project.release("one")
        site.ended(made.project.push().deploy)
        yield made


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Not one more byte fits, for the block."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue
    try:
        yield
    finally:
        filler.unlink()


def test_acknowledged_push_on_a_full_disk_is_deployed_and_others_are_refused(small: Shop) -> None:
    site = small.site
    small.project.release("two")
    small.project.publish()
    before = len(site.store.deploys(limit=5000))
    answers = []
    with site.visitors(small.app) as visitors:
        with full(site.state.root):
            for _ in range(300):
                answers.append(site.ask("POST", small.deploys(), {}))
                if answers[-1].status == 503:
                    break
        until(lambda: site.ask("POST", f"{small.deploys()}?wait=1", {}).status == 200, 60)
    assert answers[-1].status == 503
    assert "disk" in answers[-1].text
    taken = {answer.json["deploy"] for answer in answers if answer.status == 202}
    assert {answer.status for answer in answers} <= {202, 503}
    assert taken <= {deploy.number for deploy in site.store.deploys(limit=5000)[: -before or None]}
    assert_no_loss(visitors)
    small.is_well()


def test_deploy_that_meets_a_full_disk_ends_and_costs_the_visitors_nothing(small: Shop) -> None:
    site = small.site
    small.project.release("three")
    small.project.publish()
    with site.visitors(small.app) as visitors:
        number = site.ask("POST", small.deploys(), {}).json["deploy"]
        site.reached(number, "check")
        with full(site.state.root):
            time.sleep(FULL)
        until(lambda: not site.store.in_progress(), 120)
    assert_no_loss(visitors)
    if site.deploy(number)["status"] != "live":
        assert site.ask("POST", f"{small.deploys()}?wait=1", {}).status == 200
    small.is_well()
