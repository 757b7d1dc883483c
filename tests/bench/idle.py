"""What do web and worker take when nothing happens? ``tests/run.sh bench idle``

A shop is live; after its deploy all of web's and worker's processes are looked at for a minute. Memory is PSS: what two
processes share is counted once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from tests.bench.installation import installed
from tests.bench.outcome import outcome, report, run, table

SECONDS = 60.0
SETTLE = 10.0
MEMORY_BAR_MB = 140.0
CPU_BAR_PERCENT = 0.5
_PROC = Path("/proc")
_TICK = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """The process and all that descend from it, itself first."""
    children = [int(child) for task in (_PROC / str(pid) / "task").iterdir() for child in _read(task / "children")]
    return [pid, *(member for child in children for member in family(child))]


def pss_mb(pid: int) -> float:
    """Its proportional set size in MB of 1,048,576 bytes (proc(5), smaps_rollup)."""
    words = _read(_PROC / str(pid) / "smaps_rollup")
    return int(words[words.index("Pss:") + 1]) / 1024


def cpu_seconds(pids: Iterable[int]) -> float:
    """Spent so far, with what ended children spent (proc(5), stat: utime, stime, cutime, cstime)."""
    stats = [(_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(ticks) for stat in stats for ticks in stat[11:15]) / _TICK


def _read(path: Path) -> list[str]:
    return path.read_text().split()


def _name(pid: int, roots: dict[int, str]) -> str:
    return roots.get(pid, "a child: " + (_PROC / str(pid) / "comm").read_text().strip())


def bench() -> int:
    """Run it; the exit code."""
    with installed() as shop:
        shop.ended(shop.push("1.0.1").deploy)
        time.sleep(SETTLE)
        up, *roots = [shop.pid, *map(int, _read(_PROC / str(shop.pid) / "task" / str(shop.pid) / "children"))]
        names = {root: (_PROC / str(root) / "cmdline").read_text().strip("\0").rpartition("\0")[2] for root in roots}
        report(f"{', '.join(names.values())}: looked at for {SECONDS:g} s")
        before, began = cpu_seconds(roots), time.monotonic()
        time.sleep(SECONDS)
        percent = (cpu_seconds(roots) - before) / (time.monotonic() - began) * 100
        memory = [(_name(pid, names), pss_mb(pid)) for root in roots for pid in family(root)]
        supervisor = pss_mb(up)
    total = sum(megabytes for _, megabytes in memory)
    report(table(["process", "PSS in MB"], [[name, f"{megabytes:.1f}"] for name, megabytes in memory]))
    report(f"beside them the supervisor of `hookserver up`: {supervisor:.1f} MB")
    figures = {
        "pss_mb": round(total, 1),
        "processes": len(memory),
        "supervisor_pss_mb": round(supervisor, 1),
        "cpu_percent_of_a_core": round(percent, 3),
        "seconds": SECONDS,
    }
    bars = {
        f"web and worker idle: {total:.1f} MB, at most {MEMORY_BAR_MB:g}": total <= MEMORY_BAR_MB,
        f"web and worker idle: {percent:.2f} % of a core, at most {CPU_BAR_PERCENT}": percent <= CPU_BAR_PERCENT,
    }
    return outcome("idle", figures, bars)


if __name__ == "__main__":
    run(bench)
