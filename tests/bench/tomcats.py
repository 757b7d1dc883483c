"""Does every Tomcat line go live without a failed request? ``tests/run.sh bench tomcats``

7.0, 8.5, 9.0, 10.1 and 11.0, each on a Java that it is used with: a shop for the line's servlet API is deployed, then
three more versions of it under load, on kept-alive connections and new ones. Images that are missing are made.
"""

from __future__ import annotations

import statistics
import subprocess
from dataclasses import dataclass
from typing import Any

import requests

from tests.bench.first_answers import FirstAnswers
from tests.bench.installation import ROOT, installed
from tests.bench.line_shop import LINES, Line
from tests.bench.outcome import outcome, run, table, tell
from tests.bench.visitors import Switch, failures, late_visitors, visiting

DEPLOYS = 3
RELEASE = 'sticky_for = "0"'
"""Everybody moves at each switch: a deploy takes what it takes, and waits for nobody who stays."""
LOAD = ("--connections", "8", "--think", "20", "--visitors", "10")


@dataclass(frozen=True)
class Seen:
    """What came of one line: the seconds of each replica's start and of each deploy, and what the visitors said.

    ``keeps_carts``: a visitor finds again what was put into the session.
    """

    starts: list[float]
    deploys: list[float]
    report: dict[str, Any]
    late: int
    keeps_carts: bool

    @property
    def row(self) -> list[str]:
        start, deploy = statistics.median(self.starts), statistics.median(self.deploys)
        return [f"{start:.1f}", f"{deploy:.1f}", str(self.report["requests"]), str(self.report["failed"])]


def bench() -> int:
    """Run it; the exit code."""
    subprocess.run([ROOT / "deploy/images/make.sh", *(line.image for line in LINES)], check=True)
    seen = {line: _deploy(line) for line in LINES}
    rows = [[line.tomcat, str(line.java), *found.row] for line, found in seen.items()]
    tell()
    tell(table(["Tomcat", "Java", "start-up in s", "deploy in s", "requests", "failed"], rows))
    requests = sum(found.report["requests"] for found in seen.values())
    failed = sum(found.report["failed"] for found in seen.values())
    late = sum(found.late for found in seen.values())
    figures: dict[str, float] = {
        "switches": DEPLOYS * len(LINES),
        "requests": requests,
        "failed": failed,
        "late_visitors": late,
    }
    for line, found in seen.items():
        figures[f"start_{line.tomcat}_s"] = round(statistics.median(found.starts), 2)
        figures[f"deploy_{line.tomcat}_s"] = round(statistics.median(found.deploys), 2)
    bars = {
        f"0 failed requests over {DEPLOYS} switches of each line": failed == 0,
        "0 new visitors answered by the old version after a switch": late == 0,
        "a cart stays in its session on each line": all(found.keeps_carts for found in seen.values()),
        "every version was seen by visitors": all(_all_seen(found) for found in seen.values()),
    }
    return outcome("tomcats", figures, bars)


def _deploy(line: Line) -> Seen:
    tell(f"Tomcat {line.tomcat} on Java {line.java}")
    starts, deploys, switches = [], [], []
    with installed(RELEASE, tomcat=f'image = "{line.image}"', build=line.build, source=line.source) as shop:
        shop.ended(shop.push(_version(0)).deploy)
        keeps_carts = _keeps_carts(shop.site)
        with visiting(shop.site, *LOAD) as load:
            for number in range(1, DEPLOYS + 1):
                with FirstAnswers(shop, number + 1) as answers:
                    pushed = shop.push(_version(number))
                told = shop.ended(pushed.deploy)
                starts += answers.seconds()
                deploys.append(told["live_at"] - pushed.began)
                switches.append(Switch(_version(number), pushed.began, told["live_at"]))
                tell(f"  {_version(number)} live after {deploys[-1]:.1f} s")
    for failure in failures([load.report], switches):
        tell(f"  failed: {failure}")
    return Seen(starts, deploys, load.report, len(late_visitors(load.report["visitors"], switches)), keeps_carts)


def _keeps_carts(site: str) -> bool:
    with requests.Session() as visitor:
        for _ in range(3):
            shown = visitor.post(f"{site}/cart/add", {"quantity": "2"}, timeout=30).text
    return "6 in the cart" in shown


def _version(number: int) -> str:
    return f"1.0.{number + 1}"


def _all_seen(found: Seen) -> bool:
    return all(_version(number) in found.report["versions"] for number in range(DEPLOYS + 1))


if __name__ == "__main__":
    run(bench)
