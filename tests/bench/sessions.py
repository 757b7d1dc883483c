"""Do carts survive? ``tests/run.sh bench sessions``

200 customers log in, fill their carts, look at them and pay, beside the usual load, while the shop is deployed five
times, rolled back once, and loses a replica by a kill: with sessions ``none`` (what would be lost), ``sticky`` and
``replicated``. Then, with fewer customers and no build beside them, replicas come, go and die: how long does anybody
wait because of that? Last, what each mode costs.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hookserver.models import Slot
from tests.bench.installation import APP, BenchInstallation, installed
from tests.bench.outcome import outcome, report, run, table
from tests.bench.visitors import visiting
from tests.waiting import until

MODES = ("none", "sticky", "replicated")
STICKY_FOR = 20.0
"""Seconds; longer than a customer takes from the login to the payment."""
RELEASE = 'sessions = "{mode}"\nsticky_for = "20s"\nstandby = "15s"\ndrain = "5s"'
DEPLOYS = 5
CROWD = ("--customers", "200", "--connections", "6", "--think", "100", "--visitors", "10")
FEW = ("--customers", "40", "--customer-think", "300")
CLOSED_LOOP = ("--connections", "16")
COST_SECONDS = 12.0
STALL_BAR_MS = 500.0
_AFTER = 5.0
"""Seconds after a replica's coming, going or death that count as because of it."""


@dataclass(frozen=True)
class Killed:
    """The replica that was killed, and the Unix time."""

    route: str
    at: float


@dataclass(frozen=True)
class Figures:
    """Of one mode."""

    requests: int
    failed: int
    passed_on: int
    led_back: int
    carts: int
    lost_by_changes: int
    lost_by_kill: int
    slowest_ms: float
    answers_per_s: float
    p99_ms: float


def lost(carts: Mapping[str, Any], killed: Killed) -> tuple[int, int]:
    """How many carts were lost by deploys and rollbacks, and by the kill of the replica that had them."""
    by_kill = [one for one in carts["lost"] if one["at"] > killed.at and one["replica"] == killed.route]
    return len(carts["lost"]) - len(by_kill), len(by_kill)


def passed_on(access_log: Iterable[str]) -> int:
    """How many requests a replica broke off, and another one answered: the first had not begun to process them."""
    lines = [json.loads(line) for line in access_log]
    return sum(line["status"] < 400 and "502 : " in line["upstream_status"] for line in lines)


def slowest(asked: Iterable[tuple[float, float]], moments: Iterable[float]) -> float:
    """Milliseconds of the slowest request under way within ``_AFTER`` seconds after one of the moments (Unix time)."""
    moments = list(moments)
    return max(
        (took for sent, took in asked if any(at - took / 1000 < sent < at + _AFTER for at in moments)),
        default=0.0,
    )


def bench() -> int:
    """Run it; the exit code."""
    found = {mode: _measure(mode) for mode in MODES}
    return _outcome(found)


def _measure(mode: str) -> Figures:
    with installed(RELEASE.format(mode=mode), build="cpus = 0.5") as shop:
        report(f"sessions = {mode}: the first push")
        shop.ended(shop.push("1.0.1").deploy)
        with visiting(shop.site, *CLOSED_LOOP) as cost:
            time.sleep(COST_SECONDS)
        with visiting(shop.site, *CROWD) as crowd:
            last = _deploys(shop)
            report("  a replica is killed")
            killed = _kill(shop)
            time.sleep(_AFTER)
        moments: list[float] = []
        with visiting(shop.site, *FEW) as few:
            time.sleep(2)
            moments += _come_and_go(shop, last - 1)
            second = _kill(shop)
            moments.append(second.at)
            time.sleep(_AFTER)
        logs = (shop.state.nginx / "logs").glob("access.log*")
        passed = sum(passed_on(log.read_text("utf-8").splitlines()) for log in logs)
    by_changes, by_kill = lost(crowd.report["carts"], killed)
    quiet_by_changes, quiet_by_kill = lost(few.report["carts"], second)
    kinds = cost.report["kinds"]
    found = Figures(
        requests=crowd.report["requests"] + few.report["requests"],
        failed=crowd.report["failed"] + few.report["failed"],
        passed_on=passed,
        led_back=crowd.report["led_back"] + few.report["led_back"],
        carts=crowd.report["carts"]["started"],
        lost_by_changes=by_changes + quiet_by_changes,
        lost_by_kill=by_kill + quiet_by_kill,
        slowest_ms=slowest(few.report["carts"]["asked"], moments),
        answers_per_s=cost.report["requests"] / cost.report["seconds"],
        p99_ms=max(kinds["get"]["p99_ms"], kinds["post"]["p99_ms"]),
    )
    for failure in [*crowd.report["failures"], *few.report["failures"]][:5]:
        report(f"  failed: {failure['kind']} {failure['asked']}: {failure['what']}")
    report(f"  {found.requests:,} requests, {found.failed} failed")
    report(f"  of the killed replicas' {found.passed_on} were answered by another one, {found.led_back} forms led back")
    report(f"  {found.carts:,} carts, lost by changes: {found.lost_by_changes}, by the kills: {found.lost_by_kill}")
    return found


def _deploys(shop: BenchInstallation) -> int:
    """Five deploys and a rollback, each once the release before is retired; answers the deploy that went live last."""
    last = 0
    for number in range(1, DEPLOYS + 1):
        pushed = shop.push(f"1.{number}.0")
        last = shop.ended(pushed.deploy)["deploy"]
        report(f"  1.{number}.0 is live")
        if number < DEPLOYS:
            _await_retired(shop)
    back = shop.rollback(last - 1)
    shop.ended(back.deploy)
    report(f"  rolled back to deploy {last - 1}")
    _await_retired(shop)
    return last - 1


def _come_and_go(shop: BenchInstallation, to: int) -> list[float]:
    """Start an earlier release from its image, and wait until the one before is gone: when replicas came and went."""
    began = time.time()
    deploy = shop.ended(shop.rollback(to).deploy)
    created = next(step["started_at"] for step in deploy["steps"] if step["step"] == "start")
    _await_retired(shop)
    gone = time.time()
    report(f"  an earlier release came in {deploy['live_at'] - began:.1f} s, the one before is gone")
    return [*_every(_AFTER, created, deploy["live_at"]), deploy["live_at"], gone - 2.0]


def _every(seconds: float, begin: float, end: float) -> list[float]:
    return [begin + seconds * number for number in range(int((end - begin) / seconds) + 1)]


def _await_retired(shop: BenchInstallation) -> None:
    until(lambda: len(_slots(shop)) == 1, 90.0 + STICKY_FOR, "the release before to be retired")


def _slots(shop: BenchInstallation) -> set[str]:
    return {str(one.labels["hookserver.slot"]) for one in _replicas(shop)}


def _replicas(shop: BenchInstallation) -> list[Any]:
    labels = [f"hookserver.app={APP}", "hookserver.role=replica"]
    return list(shop.docker.containers.list(all=True, filters={"label": labels}, ignore_removed=True))


def _kill(shop: BenchInstallation) -> Killed:
    """The first live replica's process, as the kernel would."""
    (slot,) = _slots(shop)
    replica = next(one for one in _replicas(shop) if one.labels["hookserver.route"] == f"{Slot(slot)}1")
    pid, at = int(replica.attrs["State"]["Pid"]), time.time()
    os.kill(pid, signal.SIGKILL)
    return Killed(str(replica.labels["hookserver.route"]), at)


def _outcome(found: dict[str, Figures]) -> int:
    head = [
        "sessions",
        "requests",
        "failed",
        "passed on",
        "led back",
        "carts",
        "lost by changes",
        "lost by a kill",
        "slowest",
        "answers/s",
        "p99",
    ]
    rows = [
        [
            mode,
            f"{one.requests:,}",
            str(one.failed),
            str(one.passed_on),
            str(one.led_back),
            f"{one.carts:,}",
            str(one.lost_by_changes),
            str(one.lost_by_kill),
            f"{one.slowest_ms:.0f} ms",
            f"{one.answers_per_s:.0f}",
            f"{one.p99_ms:.0f} ms",
        ]
        for mode, one in found.items()
    ]
    report()
    report(table(head, rows))
    none, sticky, replicated = (found[mode] for mode in MODES)
    for name, one in (("sticky", sticky), ("replicated", replicated)):
        share = one.answers_per_s / none.answers_per_s
        report(f"{name} against none: {share:.0%} of the answers/s, p99 {one.p99_ms / none.p99_ms:.2f} times")
    figures = {f"{mode}_{key}": round(value, 1) for mode, one in found.items() for key, value in vars(one).items()}
    bars = {
        "sticky: no request failed": sticky.failed == 0,
        "replicated: no request failed": replicated.failed == 0,
        "sticky: no cart lost by deploys and the rollback": sticky.lost_by_changes == 0,
        "replicated: no cart lost": replicated.lost_by_changes + replicated.lost_by_kill == 0,
        f"replicated: {replicated.slowest_ms:.0f} ms, the slowest because of a member, under {STALL_BAR_MS:.0f} ms": (
            replicated.slowest_ms < STALL_BAR_MS
        ),
        f"none loses carts ({none.lost_by_changes}): the bench can see it": none.lost_by_changes > 0,
    }
    return outcome("sessions", figures, bars)


if __name__ == "__main__":
    run(bench)
