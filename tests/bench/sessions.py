"""Do carts survive? ``tests/run.sh bench sessions``

The sample shop with sessions ``none`` (what would be lost), ``sticky`` and ``shared``, on a Docker daemon of the
bench's own. First, what each costs: the three take turns. Then customers log in, fill their carts, look at them and
pay, while the shops are deployed five times (``none`` once), rolled back, and lose a replica by a kill; ``shared`` then
loses all replicas at once, its Docker daemon restarts, and three pushes follow each other. Then, with fewer customers,
replicas come, go and die: how long does anybody wait because of that? Last, what 10,000 stored sessions take.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.bench.installation import FOLDER
from tests.bench.outcome import report, run
from tests.bench.session_costs import kept, steady_state
from tests.bench.session_report import Carts, outcome_of
from tests.bench.session_shops import MODES, Shop, Street, street
from tests.bench.visitors import VisitorLoad

DEPLOYS = 5
DEPLOYS_OF_NONE = 1
"""That it loses carts is soon seen."""
PUSHES = 3
CROWD = ("--customers", "20", "--customer-think", "800", "--connections", "1", "--think", "200", "--visitors", "1")
"""Three of them, beside Tomcats that start, are what a machine with two processors can do."""
FEW = ("--customers", "20", "--customer-think", "300")
"""Their answers say how long a visitor waits."""
_AFTER = 5.0
"""Seconds after a replica's coming, going or death that count as because of it."""


@dataclass(frozen=True)
class Killed:
    """The replica that was killed, and the Unix time."""

    route: str
    at: float


@dataclass
class Events:
    """What befell one shop: replicas that were killed, and the times in which none ran (Unix)."""

    killed: list[Killed] = field(default_factory=list)
    none_ran: list[tuple[float, float]] = field(default_factory=list)


def lost(carts: Mapping[str, Any], killed: Iterable[Killed]) -> tuple[int, int]:
    """How many carts were lost by deploys and rollbacks, and by the kill of the replica that had them."""
    killed = list(killed)
    by_kill = [
        one for one in carts["lost"] if any(one["at"] > dead.at and one["replica"] == dead.route for dead in killed)
    ]
    return len(carts["lost"]) - len(by_kill), len(by_kill)


def slowest(asked: Iterable[tuple[float, float]], moments: Iterable[float]) -> float:
    """Milliseconds of the slowest request under way within ``_AFTER`` seconds after one of the moments (Unix time)."""
    moments = list(moments)
    return max(
        (took for sent, took in asked if any(at - took / 1000 < sent < at + _AFTER for at in moments)),
        default=0.0,
    )


def unavailable(answers: Iterable[tuple[float, int]], none_ran: Sequence[tuple[float, float]]) -> tuple[int, int]:
    """How many were answered 503 while no replica ran, and how many 502, or at another time: those failed."""
    good = [status == 503 and any(begin <= sent <= end for begin, end in none_ran) for sent, status in answers]
    return sum(good), len(good) - sum(good)


def bench() -> int:
    """Run it; the exit code."""
    FOLDER.mkdir(exist_ok=True)
    began = time.monotonic()
    with street() as shops:
        report(f"three shops are live after {time.monotonic() - began:.0f} s; what does each cost?")
        costs = steady_state(shops.shops)
        report(f"{time.monotonic() - began:.0f} s: deploys, a rollback and kills")
        carts = _carts(shops)
        report(f"{time.monotonic() - began:.0f} s: how long does anybody wait?")
        shared = shops.shops["shared"]
        quiet, slowest_ms = _come_and_go(shared)
        report(f"{time.monotonic() - began:.0f} s: what do stored sessions take?")
        stored = {mode: kept(shops.shops[mode]) for mode in ("none", "shared")}
    report(f"all in {time.monotonic() - began:.0f} s")
    return outcome_of(costs, {**carts, "shared, few": quiet}, slowest_ms, stored)


def _carts(street: Street) -> dict[str, Carts]:
    """What becomes of the carts of each shop's customers."""
    shops = street.shops
    events = {mode: Events() for mode in MODES}
    loads: dict[str, VisitorLoad] = {}
    with ExitStack() as ours:
        loads["shared"] = ours.enter_context(shops["shared"].visiting(*CROWD, "--patient"))
        with ExitStack() as others:
            for mode in ("none", "sticky"):
                loads[mode] = others.enter_context(shops[mode].visiting(*CROWD))
            _deploys(shops)
            for mode in MODES:
                shops[mode].roll_back()
            report(f"  {DEPLOYS} deploys ({DEPLOYS_OF_NONE} of none) and a rollback of each")
            shops["sticky"].await_retired()
            for mode in MODES:
                events[mode].killed.append(_kill(shops[mode], 0))
            time.sleep(_AFTER)
        report("  a replica of each was killed")
        _disasters(street, events["shared"])
    return {mode: _counted(loads[mode].report, events[mode]) for mode in MODES}


def _deploys(shops: Mapping[str, Shop]) -> None:
    """Push to the shops in turn, to ``sticky`` once its release before is retired; the deploys that went live last."""
    for number in range(1, DEPLOYS + 1):
        for mode, shop in shops.items():
            if mode == "sticky":
                shop.await_retired()
            if mode != "none" or number <= DEPLOYS_OF_NONE:
                shop.push(f"1.{number}.0")
    shops["sticky"].await_retired()


def _disasters(street: Street, events: Events) -> None:
    """The rest of what ``shared`` is to survive."""
    shop = street.shops["shared"]
    shop.await_all()
    events.killed.append(_kill(shop, 1))
    time.sleep(_AFTER)
    shop.await_all()
    at = shop.kill_all()
    events.none_ran.append((at - 0.5, shop.await_answer() + 0.5))
    report(f"  all were killed at once: no replica ran for {events.none_ran[-1][1] - at:.1f} s")
    shop.await_all()
    time.sleep(_AFTER)
    at = time.time()
    street.daemon.stop()
    street.daemon.start()
    events.none_ran.append((at - 0.5, shop.await_answer() + 0.5))
    report(f"  the daemon was restarted: no replica ran for {events.none_ran[-1][1] - at:.1f} s")
    shop.await_all()
    began = time.monotonic()
    for number in range(PUSHES):
        shop.push(f"2.{number}.0")
    report(f"  {PUSHES} pushes in {time.monotonic() - began:.0f} s")
    time.sleep(_AFTER)


def _kill(shop: Shop, number: int) -> Killed:
    replica = shop.live()[number]
    return Killed(str(replica.labels["hookserver.route"]), shop.kill(replica))


def _counted(load: Mapping[str, Any], events: Events) -> Carts:
    by_changes, by_kills = lost(load["carts"], events.killed)
    waited, failed = unavailable(load["unavailable"], events.none_ran)
    for failure in load["failures"][:5]:
        report(f"  failed: {failure['kind']} {failure['asked']}: {failure['what']} at {failure['at']:.1f}")
    for one in load["carts"]["lost"][:5]:
        report(f"  lost: {one}")
    return Carts(
        requests=load["requests"],
        failed=load["failed"] + failed,
        unavailable=waited,
        led_back=load["led_back"],
        carts=load["carts"]["started"],
        lost_by_changes=by_changes,
        lost_by_kills=by_kills,
    )


def _come_and_go(shop: Shop) -> tuple[Carts, float]:
    """A release comes, the one before goes, a replica dies: the carts, and the slowest answer because of it."""
    shop.await_retired()
    with shop.visiting(*FEW) as few:
        time.sleep(2)
        deploy = shop.roll_back()
        created = next(step["started_at"] for step in deploy["steps"] if step["step"] == "start")
        shop.await_retired()
        gone = time.time()
        killed = _kill(shop, 0)
        time.sleep(_AFTER * 2)  # it also comes again
    during = range(int(created), int(deploy["live_at"]), int(_AFTER))
    moments = [*map(float, during), deploy["live_at"], gone - 2.0, killed.at, killed.at + _AFTER]
    return _counted(few.report, Events([killed])), slowest(few.report["carts"]["asked"], moments)


if __name__ == "__main__":
    run(bench)
