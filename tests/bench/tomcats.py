"""Does every Tomcat line go live without a failed request? ``tests/run.sh bench tomcats``

7.0, 8.5, 9.0, 10.1 and 11.0, each on a Java that it is used with: a shop for the line's servlet API is deployed, then
three more versions of it under load, on kept-alive connections and new ones. The last switch holds the version before
it, and is rolled back: carts of both versions must stay. Images that are missing are made.
"""

from __future__ import annotations

import statistics
import subprocess
from dataclasses import dataclass
from typing import Any

import requests

from hookserver.engine.labels import STATE_DIR
from tests.bench.first_answers import FirstAnswers
from tests.bench.installation import APP, ROOT, BenchInstallation, installed
from tests.bench.line_shop import LINES, Line
from tests.bench.outcome import outcome, report, run, table
from tests.bench.visitors import Switch, failures, late_visitors, visiting

DEPLOYS = 3
RELEASE = 'sticky_for = "0"'
"""Everybody moves at each switch: a deploy takes what it takes, and waits for nobody who stays."""
STICKY = 'sticky_for = "30m"'
"""From the last switch on, after which no deploy needs the slot of the sticky standby."""
LOAD = ("--connections", "8", "--think", "20", "--visitors", "10")


@dataclass(frozen=True)
class Seen:
    """What came of one line: the seconds of each replica's start and of each deploy, and the reports of the visitors.

    ``keeps_carts``: visitors of two versions keep the content of their sessions over a switch with a
    sticky standby and a rollback. ``left_over``: what is there at the end and should not be, or the other way round.
    """

    starts: list[float]
    deploys: list[float]
    report: dict[str, Any]
    late: int
    keeps_carts: bool
    left_over: list[str]

    @property
    def row(self) -> list[str]:
        start, deploy = statistics.median(self.starts), statistics.median(self.deploys)
        return [f"{start:.1f}", f"{deploy:.1f}", str(self.report["requests"]), str(self.report["failed"])]


def bench() -> int:
    """Run it; the exit code."""
    subprocess.run([ROOT / "deploy/images/make.sh", *(line.image for line in LINES)], check=True)
    seen = {line: _deploy(line) for line in LINES}
    rows = [[line.tomcat, str(line.java), *found.row] for line, found in seen.items()]
    report()
    report(table(["Tomcat", "Java", "start-up in s", "deploy in s", "requests", "failed"], rows))
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
        "carts stay over a sticky switch and a rollback on each line": all(
            found.keeps_carts for found in seen.values()
        ),
        "nothing is left over on each line": not any(found.left_over for found in seen.values()),
        "every version was seen by visitors": all(_all_seen(found) for found in seen.values()),
    }
    return outcome("tomcats", figures, bars)


def _deploy(line: Line) -> Seen:
    report(f"Tomcat {line.tomcat} on Java {line.java}")
    starts, deploys, switches = [], [], []
    with installed(RELEASE, tomcat=f'image = "{line.image}"', build=line.build, source=line.source) as shop:
        shop.ended(shop.push(_version(0)).deploy)
        with visiting(shop.site, *LOAD) as load:
            for number in range(1, DEPLOYS + 1):
                if number == DEPLOYS:
                    shop.change(RELEASE, STICKY)
                    older = _with_cart(shop.site)
                with FirstAnswers(shop, number + 1) as answers:
                    pushed = shop.push(_version(number))
                deploy = shop.ended(pushed.deploy)
                starts += answers.seconds()
                deploys.append(deploy["live_at"] - pushed.began)
                switches.append(Switch(_version(number), pushed.began, deploy["live_at"]))
                report(f"  {_version(number)} live after {deploys[-1]:.1f} s")
        keeps_carts = _keeps_carts(shop, older, pushed.deploy)
        left_over = _left_over(shop)
    for failure in failures([load.report], switches):
        report(f"  failed: {failure}")
    late = len(late_visitors(load.report["visitors"], switches))
    return Seen(starts, deploys, load.report, late, keeps_carts, left_over)


def _with_cart(site: str) -> requests.Session:
    """A visitor with six things in the cart."""
    visitor = requests.Session()
    for _ in range(3):
        visitor.post(f"{site}/cart/add", {"quantity": "2"}, timeout=30)
    return visitor


def _keeps_carts(shop: BenchInstallation, older: requests.Session, newest: int) -> bool:
    """``newest`` is the deploy that just went live; the visitor ``older`` has a cart on the version before it."""
    before, now = _version(DEPLOYS - 1), _version(DEPLOYS)
    newer = _with_cart(shop.site)
    seen = [_cart(older, shop.site), _cart(newer, shop.site)]
    shop.ended(shop.rollback(newest - 1).deploy)
    seen += [_cart(older, shop.site), _cart(newer, shop.site), _cart(requests.Session(), shop.site)]
    report(f"  carts over a switch with a sticky standby and a rollback: {seen}")
    return seen == [(before, True), (now, True), (before, True), (now, True), (before, False)]


def _cart(visitor: requests.Session, site: str) -> tuple[str, bool]:
    """The version that shows the visitor's cart, and whether the cart is complete."""
    answer = visitor.get(f"{site}/cart", timeout=30)
    return answer.headers.get("X-Shop-Version", ""), "6 in the cart" in answer.text


def _left_over(shop: BenchInstallation) -> list[str]:
    """Containers and folders beside the two replicas of the live and the sticky slot; and those of them that lack."""
    there = shop.docker.containers.list(all=True, filters={"label": f"{STATE_DIR}={shop.state.root}"})
    running = {str(one.name) for one in there if one.status == "running"}
    wanted = {f"hs-{APP}-{slot}-{number}" for slot in ("blue", "green") for number in (1, 2)}
    wrong = sorted({str(one.name) for one in there} ^ wanted) + sorted(wanted - running)
    return wrong + [str(folder) for folder in shop.state.work(0).parent.glob("*")]


def _version(number: int) -> str:
    return f"1.0.{number + 1}"


def _all_seen(found: Seen) -> bool:
    return all(_version(number) in found.report["versions"] for number in range(DEPLOYS + 1))


if __name__ == "__main__":
    run(bench)
