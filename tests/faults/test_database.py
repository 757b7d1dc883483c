from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tests.faults.conftest import Shop
from tests.shop import Installation
from tests.shop.invariants import assert_no_loss
from tests.waiting import until

LOCKED = 12.0
"""Seconds: three times what a call waits for the database."""


@contextmanager
def locked(site: Installation) -> Iterator[None]:
    with closing(sqlite3.connect(site.state.database, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")


def test_push_to_a_locked_database_is_accepted_or_refused_within_five_seconds(shop: Shop) -> None:
    site = shop.site
    before = len(site.store.deploys(limit=5000))
    answers = []
    with site.visitors(shop.app) as visitors:
        with locked(site):
            until_then = time.monotonic() + LOCKED
            while time.monotonic() < until_then:
                answers.append(site.ask("POST", shop.deploys(), {}))
        taken = until(lambda: site.ask("POST", shop.deploys(), {}).status == 202, 10)
    assert taken
    assert {answer.status for answer in answers} == {503}
    assert all("Retry-After" in answer.headers and answer.seconds < 5 for answer in answers)
    assert len(site.store.deploys(limit=5000)) == before + 1
    site.ended(site.latest(shop.app))
    assert_no_loss(visitors)
    shop.is_well()


def test_deploy_that_meets_a_locked_database_ends_and_costs_the_visitors_nothing(shop: Shop) -> None:
    site, project = shop.site, shop.project
    project.release("while locked")
    project.publish()
    with site.visitors(shop.app) as visitors:
        number = site.ask("POST", shop.deploys(), {}).json["deploy"]
        site.reached(number, "check")
        with locked(site):
            time.sleep(LOCKED)
        until(lambda: not site.store.in_progress(), 120)
    assert_no_loss(visitors)
    if site.deploy(number)["status"] != "live":
        site.ended(site.ask("POST", f"{shop.deploys()}?wait=1", {}).json["deploy"])
    shop.is_well()
