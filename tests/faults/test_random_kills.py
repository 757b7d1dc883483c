from __future__ import annotations

import random
import time

from tests.faults.conftest import Shop
from tests.shop.invariants import assert_no_loss

SECONDS = 40.0


def test_random_kills_during_pushes_lose_no_request_and_no_push(shop: Shop) -> None:
    """kill -9 of web, worker, a deploy or all, every few seconds; the supervisor starts them again."""
    site, project = shop.site, shop.project
    chance = random.Random(7)
    taken: list[int] = []
    kills = 0
    with site.visitors(shop.app) as visitors:
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            project.release(f"random {len(taken)}")
            project.publish()
            answer = site.ask_patiently("POST", shop.deploys(), {})
            taken.append(answer.json["deploy"])
            for _ in range(2):
                time.sleep(chance.uniform(0.2, 3.0))
                kills += 1
                if chance.random() < 0.15:
                    site.kill_all()
                    site.start()
                else:
                    site.processes.kill(chance.choice(site.processes.below_supervisor()))
        last = site.ask_patiently("POST", f"{shop.deploys()}?wait=1", {}).json["deploy"]
        site.ended(last)
    print(f"{kills} kills, {len(taken)} pushes, {len(visitors.visits)} requests")
    assert all(site.store.deploy(number).ended_at is not None for number in taken)
    assert_no_loss(visitors)
    shop.is_well()
