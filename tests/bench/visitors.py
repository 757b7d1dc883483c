"""The load: deploy/load.py as a process, its report, and what the report says about a switch."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.bench.installation import FOLDER, ROOT, start

_LONGEST = 900
_UNDER_WAY = 150.0
"""Seconds that what is under way at the end may still take."""
_numbers = itertools.count(1)


@dataclass
class VisitorLoad:
    """Visitors that come until the block ends; ``report`` is there after it."""

    process: subprocess.Popen[bytes]
    report: dict[str, Any] = field(default_factory=dict)

    def wait(self) -> None:
        """Until it has nothing more to do by itself."""
        self.process.wait(_LONGEST)


@contextmanager
def visiting(site: str, *options: str) -> Iterator[VisitorLoad]:
    """Run deploy/load.py on ``site``, with these options, as long as the block lasts."""
    path = FOLDER / f"load-{next(_numbers)}.json"
    command = [sys.executable, str(ROOT / "deploy" / "load.py"), site, *options]
    with path.with_suffix(".log").open("w+") as log:
        load = VisitorLoad(start([*command, "--seconds", str(_LONGEST), "--report", str(path)], log))
        try:
            yield load
        except BaseException:
            load.process.kill()
            load.process.wait()
            raise
        if load.process.poll() is None:
            load.process.send_signal(signal.SIGTERM)
        load.process.wait(_UNDER_WAY)
        if not path.exists():
            raise RuntimeError(f"the load gave no report: {log.seek(0)} {log.read()}")
    load.report = json.loads(path.read_text())


@dataclass(frozen=True)
class Switch:
    """Traffic was moved to ``version``: asked for and done at these Unix times."""

    version: str
    asked: float
    done: float


def late_visitors(visitors: Iterable[dict[str, Any]], switches: Sequence[Switch]) -> list[dict[str, Any]]:
    """New visitors who asked after a switch was done and before the next was asked for, and got another version."""
    ends = [switch.asked for switch in switches[1:]] + [float("inf")]
    return [
        visitor
        for visitor in visitors
        for switch, end in zip(switches, ends, strict=True)
        if switch.done < visitor["sent"] and visitor["answered"] < end and visitor["version"] != switch.version
    ]


def failures(reports: Iterable[dict[str, Any]], switches: Sequence[Switch]) -> list[str]:
    """How many of each kind failed, and the first of them, a line each with how long after a switch it was asked."""
    reports = list(reports)
    failed: Counter[str] = Counter()
    for report in reports:
        failed.update({kind: counts["failed"] for kind, counts in report["kinds"].items() if counts["failed"]})
    return [f"{count} {kind}" for kind, count in failed.items()] + [
        f"{failure['kind']} {failure['asked']}: {failure['what']} after {failure['after_seconds']} s,"
        f" asked {_since(failure['at'], switches)}"
        for report in reports
        for failure in report["failures"]
    ]


def _since(at: float, switches: Sequence[Switch]) -> str:
    last = max((switch for switch in switches if switch.done <= at), key=lambda switch: switch.done, default=None)
    return f"{at - last.done:.3f} s after the switch to {last.version}" if last else "before the first switch"
