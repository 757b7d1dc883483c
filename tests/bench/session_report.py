"""What the sessions bench reports: tables for people, the bars, and the figures."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from tests.bench.outcome import outcome, report, table
from tests.bench.session_costs import CASES, Kept, Turns, ratio
from tests.bench.session_shops import MODES

STALL_BAR_MS = 500.0
RATE_BAR = 0.85
P99_BAR = 1.3
START_BAR = 1.1
"""A start takes no longer with sessions in the store; two measurements of the same differ by that much."""

Costs = Mapping[tuple[str, str], Turns]


@dataclass(frozen=True)
class Carts:
    """What became of one shop's requests and carts. ``unavailable``: answered so while no replica ran."""

    requests: int
    failed: int
    unavailable: int
    led_back: int
    carts: int
    lost_by_changes: int
    lost_by_kills: int


def outcome_of(costs: Costs, carts: Mapping[str, Carts], slowest_ms: float, stored: Mapping[str, Kept]) -> int:
    """Print everything; the exit code."""
    report()
    rows = [[mode, *(f"{value:,}" for value in vars(one).values())] for mode, one in carts.items()]
    report(table(["sessions", *_HEAD], rows))
    report()
    report(table(["sessions, case", "answers/s", "of none", "p99", "of none"], _cost_rows(costs)))
    report()
    head = ["10,000 of 5 kB", "heap", "heap after a restart", "disk", "start", "of an empty store's"]
    report(table(head, [[mode, *_kept_row(one)] for mode, one in stored.items()]))
    figures: dict[str, float] = {"slowest_ms": round(slowest_ms, 1)}
    for mode, one in carts.items():
        figures |= {f"{_key(mode)}_{key}": value for key, value in vars(one).items()}
    for (mode, case), turns in costs.items():
        figures[f"{mode}_{_key(case)}_answers_per_s"] = round(statistics.median(turns.per_second))
        figures[f"{mode}_{_key(case)}_p99_ms"] = round(statistics.median(turns.p99_ms), 2)
    for mode, taken in stored.items():
        figures |= {f"{mode}_{key}": round(value, 2) for key, value in vars(taken).items()}
    return outcome("sessions", figures, _bars(costs, carts, slowest_ms, stored["shared"]))


_HEAD = ("requests", "failed", "503: none ran", "led back", "carts", "lost by changes", "lost by kills")


def _key(name: str) -> str:
    return name.replace(", ", "_").replace(" ", "_").lower()


def _cost_rows(costs: Costs) -> list[list[str]]:
    return [
        [
            f"{mode}, {case}",
            f"{statistics.median(turns.per_second):,.0f}",
            f"{ratio(turns.per_second, costs['none', case].per_second):.2f}",
            f"{statistics.median(turns.p99_ms):.1f} ms",
            f"{ratio(turns.p99_ms, costs['none', case].p99_ms):.2f}",
        ]
        for case in CASES
        for mode in MODES
        for turns in [costs[mode, case]]
    ]


def _kept_row(kept: Kept) -> list[str]:
    return [
        f"{kept.heap_mb:.0f} MB",
        f"{kept.heap_after_restart_mb:.0f} MB",
        f"{kept.disk_mb:.0f} MB",
        f"{kept.start_s:.2f} s",
        f"{kept.start_ratio:.2f}",
    ]


def _bars(costs: Costs, carts: Mapping[str, Carts], slowest_ms: float, stored: Kept) -> dict[str, bool]:
    sticky, none = carts["sticky"], carts["none"]
    shared = [carts["shared"], carts["shared, few"]]
    bars = {
        "sticky: no request failed": sticky.failed == 0,
        "sticky: no cart lost by deploys and the rollback": sticky.lost_by_changes == 0,
        "shared: no request failed but those answered 503 while no replica ran": not any(one.failed for one in shared),
        "shared: no cart lost": not any(one.lost_by_changes + one.lost_by_kills for one in shared),
        f"none loses carts ({none.lost_by_changes}): the bench can see it": none.lost_by_changes > 0,
        f"shared: {slowest_ms:.0f} ms, the slowest because of a replica, under {STALL_BAR_MS:.0f} ms": (
            slowest_ms < STALL_BAR_MS
        ),
        f"shared: a start takes {stored.start_ratio:.2f} times as long with 10,000 sessions, at most {START_BAR}": (
            stored.start_ratio <= START_BAR
        ),
    }
    for case in CASES:
        ours, theirs = costs["shared", case], costs["none", case]
        rate, p99 = ratio(ours.per_second, theirs.per_second), ratio(ours.p99_ms, theirs.p99_ms)
        bars[f"shared, {case}: {rate:.2f} of none's answers/s, at least {RATE_BAR}"] = rate >= RATE_BAR
        bars[f"shared, {case}: p99 {p99:.2f} times none's, at most {P99_BAR}"] = p99 <= P99_BAR
    return bars
