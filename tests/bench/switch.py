"""Does a switch lose requests? ``tests/run.sh bench switch [--nginx managed|system|compiled]``

Twenty switches between two ready releases (each a rollback through the API, as a person would ask for it, with its
drain) and three full deploys, under load: 32 kept-alive connections in a closed loop, new visitors, slow uploads, and
a 61 s request and a WebSocket that last across a switch. Beside it as many switches by an Nginx reload under that load.
"""

from __future__ import annotations

import argparse
import statistics
import time
from functools import partial
from typing import Any

from hookserver.addresses import endpoints
from hookserver.models import Slot
from tests.bench.installation import APP, BenchInstallation, installed
from tests.bench.nginx_modes import MODES
from tests.bench.outcome import outcome, report, run, table
from tests.bench.reload import PlainNginx
from tests.bench.visitors import Switch, failures, late_visitors, visiting

SWITCHES = 20
DEPLOYS = 3
LOAD = ("--connections", "32", "--visitors", "20", "--uploads", "3", "--upload-seconds", "2")
# A build and two starts need some of the machine: in the deploys each visitor takes so many ms before the next request.
THINKING = ("--think", "50")
KINDS = ("get", "post", "visitor get", "visitor post", "upload", "long", "websocket")
LONG_MS = 61_000
WEBSOCKET_S = 63
BETWEEN_RELOADS = 1.5
# A drain longer than the longest request; a standby that outlasts the bench, and nobody who stays with it.
RELEASE = 'drain = "80s"\nstandby = "1h"\nsticky_for = "0"'


def bench(mode: str) -> int:
    """Run it on one of the ways of ``nginx_modes``; the exit code."""
    with installed(RELEASE, nginx=mode) as shop:
        report(f"Nginx: {mode}; two releases are made ready")
        versions = {shop.push(version).deploy: version for version in ("1.0.1", "1.0.2")}
        for number in versions:
            shop.ended(number)
        with visiting(shop.site, *LOAD) as load:
            time.sleep(5)
            switches, lasting = _switches(shop, versions)
        with visiting(shop.site, *LOAD, *THINKING) as thinking:
            switches += _deploys(shop, lasting)
        reports = [load.report, thinking.report, *lasting]
        reload_report = _reloads(shop)
        theirs = shop.serves_theirs()
    return _outcome(reports, switches, reload_report, theirs)


def _switches(shop: BenchInstallation, versions: dict[int, str]) -> tuple[list[Switch], list[dict[str, Any]]]:
    """Back and forth; the first one while a long request and a WebSocket are under way, whose reports come too."""
    standby, live = versions
    lasting: list[dict[str, Any]] = []
    with visiting(shop.site, "--long", str(LONG_MS), "--websocket", str(WEBSOCKET_S)) as long:
        time.sleep(1)
        switches = [_switch(shop, standby, versions)]
        long.wait()
    lasting.append(long.report)
    while len(switches) < SWITCHES:
        standby, live = live, standby
        switches.append(_switch(shop, standby, versions))
    return switches, lasting


def _switch(shop: BenchInstallation, to: int, versions: dict[int, str]) -> Switch:
    accepted = shop.rollback(to)
    deploy = shop.ended(accepted.deploy)
    drained = deploy["ended_at"] - deploy["live_at"]
    report(f"  {versions[to]} after {(deploy['live_at'] - accepted.at) * 1000:4.0f} ms, drained after {drained:.1f} s")
    return Switch(versions[to], accepted.asked, deploy["live_at"])


def _deploys(shop: BenchInstallation, lasting: list[dict[str, Any]]) -> list[Switch]:
    """Full deploys; a WebSocket lasts across the first one's switch."""
    switches = []
    for number in range(DEPLOYS):
        version = f"1.1.{number}"
        options = ("--websocket", "300") if number == 0 else ()
        with visiting(shop.site, *options) as talk:
            pushed = shop.push(version)
            time.sleep(2)
        lasting.append(talk.report)
        deploy = shop.ended(pushed.deploy)
        report(f"  {version} deployed {deploy['live_at'] - pushed.began:.1f} s after the push")
        switches.append(Switch(version, pushed.began, deploy["live_at"]))
    return switches


def _reloads(shop: BenchInstallation) -> dict[str, Any]:
    """As many switches by a reload, between the same replicas, under the same load."""
    report(f"the same by {SWITCHES + DEPLOYS} reloads of a plain Nginx")
    slots = {slot: endpoints(shop.settings.docker, APP, 1, slot, shop.settings.apps[APP].replicas) for slot in Slot}
    plain = PlainNginx(slots)
    slot = Slot.BLUE
    with plain.running(slot), visiting(f"http://{plain.site}", *LOAD) as load:
        time.sleep(5)
        for _ in range(SWITCHES + DEPLOYS):
            slot = slot.other
            plain.switch(slot)
            time.sleep(BETWEEN_RELOADS)
    return load.report


def _outcome(
    reports: list[dict[str, Any]], switches: list[Switch], reload_report: dict[str, Any], serves_theirs: bool
) -> int:
    visitors = [visitor for report in reports for visitor in report["visitors"]]
    late = late_visitors(visitors, switches)
    ours, theirs = _sum(reports), _sum([reload_report])
    rows = [
        ["hookserver", str(len(switches)), *map(str, ours)],
        ["nginx -s reload", str(SWITCHES + DEPLOYS), *map(str, theirs)],
    ]
    report()
    report(table(["", "switches", "requests", "failed", "idle connections closed"], rows))
    counts = {kind: sum(report["kinds"].get(kind, {}).get("requests", 0) for report in reports) for kind in KINDS}
    report(f"  of hookserver's: {', '.join(f'{count} {kind}' for kind, count in counts.items())}")
    for line in failures(reports, switches):
        report(f"  failed: {line}")
    for visitor in late[:20]:
        report(f"  late: {visitor}")
    figures = {
        "switches": SWITCHES,
        "deploys": DEPLOYS,
        "requests": ours[0],
        "failed": ours[1],
        "closed_idle": ours[2],
        "new_visitors": len(visitors),
        "late_visitors": len(late),
        "uploads": counts["upload"],
        "long_requests": counts["long"],
        "websocket_messages": counts["websocket"],
        "requests_per_second": round(reports[0]["requests"] / reports[0]["seconds"], 1),
        "switch_median_ms": round(statistics.median(s.done - s.asked for s in switches[:SWITCHES]) * 1000, 1),
        "reload_switches": SWITCHES + DEPLOYS,
        "reload_requests": theirs[0],
        "reload_failed": theirs[1],
        "reload_closed_idle": theirs[2],
    }
    bars = {
        "0 failed requests": ours[1] == 0,
        "0 kept-alive connections closed unannounced": ours[2] == 0,
        "0 new visitors answered by the old version after the switch": not late,
        "every kind of visitor came": all(counts.values()),
        "a 61 s request and a WebSocket lasted across a switch": counts["long"] == 1
        and counts["websocket"] > WEBSOCKET_S,
        "a site that the Nginx had before answers as it did": serves_theirs,
    }
    return outcome("switch", figures, bars)


def _sum(reports: list[dict[str, Any]]) -> tuple[int, int, int]:
    """Requests, failed, connections closed while idle."""
    requests, failed, closed = (sum(report[key] for report in reports) for key in ("requests", "failed", "closed_idle"))
    return requests, failed, closed


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--nginx", choices=MODES, default="managed")
    run(partial(bench, options.parse_args().nginx))
