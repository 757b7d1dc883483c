from __future__ import annotations

import hashlib
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor

from tests.faults.conftest import Shop
from tests.shop import Answer
from tests.shop.installation import CANARY
from tests.shop.invariants import assert_no_loss
from tests.waiting import until


def deliver(shop: Shop, delivery: str) -> Answer:
    """A signed webhook."""
    content = json.dumps({"ref": "refs/heads/main", "after": "1" * 40, "deleted": False}).encode()
    signature = hmac.new(f"{CANARY}-hook".encode(), content, hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": "push", "X-GitHub-Delivery": delivery, "X-Hub-Signature-256": f"sha256={signature}"}
    return shop.site.ask("POST", f"/hooks/{shop.app}", content, {**headers, "Content-Type": "application/json"})


def test_thousand_pushes_in_ten_seconds_are_accepted_and_built_at_most_three_times(shop: Shop) -> None:
    site, project = shop.site, shop.project
    first = site.latest(shop.app)
    project.release("of a thousand")
    project.publish()
    began = time.monotonic()

    def at_its_time(number: int) -> Answer:
        time.sleep(max(0.0, began + number / 100 - time.monotonic()))
        return deliver(shop, f"flood-{number}")

    with site.visitors(shop.app) as visitors:
        with ThreadPoolExecutor(8) as senders:
            answers = list(senders.map(at_its_time, range(1000)))
        sent_within = time.monotonic() - began
        until(lambda: not site.store.in_progress() and site.store.deploys(shop.app, 1)[0].status.is_over, 120)
    seconds = sorted(answer.seconds for answer in answers)
    print(f"1000 pushes in {sent_within:.1f} s: p50 {seconds[500]:.3f} s, p99 {seconds[990]:.3f} s")
    assert {answer.status for answer in answers} == {202}
    assert seconds[990] < 1
    assert sent_within < 30
    numbers = [answer.json["deploy"] for answer in answers]
    assert len(set(numbers)) == 1000
    assert all(site.store.deploy(number).ended_at is not None for number in numbers)
    built = [
        number for number in range(first + 1, max(numbers) + 1) if "build" in {s.step for s in site.store.steps(number)}
    ]
    assert len(built) <= 3
    assert_no_loss(visitors)
    shop.is_well()


def test_same_delivery_fifty_times_at_once_is_one_deploy(shop: Shop) -> None:
    before = shop.site.latest(shop.app)
    with ThreadPoolExecutor(16) as senders:
        answers = list(senders.map(lambda _: deliver(shop, "the-very-same"), range(50)))
    assert sorted(answer.status for answer in answers) == [200] * 49 + [202]
    assert {answer.json["deploy"] for answer in answers} == {before + 1}
    assert shop.site.latest(shop.app) == before + 1
    shop.site.ended(before + 1)
    shop.is_well()


def test_two_deploys_and_a_rollback_at_once_run_one_after_the_other(shop: Shop) -> None:
    """The newest wins; whatever was superseded says by what."""
    site = shop.site
    asked = ("deploys", "rollback", "deploys")
    with site.visitors(shop.app) as visitors:
        with ThreadPoolExecutor(3) as callers:
            answers = list(callers.map(lambda what: site.ask("POST", f"/api/v1/apps/{shop.app}/{what}", {}), asked))
        numbers = sorted(answer.json["deploy"] for answer in answers)
        ended = [site.ended(number) for number in numbers]
    for deploy in ended:
        assert deploy["status"] in ("live", "superseded", "rolled_back")
        assert (deploy["superseded_by"] is not None) == (deploy["status"] == "superseded")
    assert_no_loss(visitors)
    if ended[-1]["rollback_to"]:
        site.ended(site.ask("POST", f"{shop.deploys()}?wait=1", {}).json["deploy"])
    shop.is_well()
