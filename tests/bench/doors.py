"""Do strangers keep pushes out, and how fast is a push stored? ``tests/run.sh bench doors``

Attacks from 127.0.0.2 to 127.0.0.50, each for half a minute, beside signed pushes from 127.0.0.1; then all of them from
that address. A thousand pushes in ten seconds. Then the same pushes to hookserver and to adnanh/webhook, which stores
nothing and runs ``/bin/true``, in turns: at a steady rate, and as fast as 16 connections carry them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import requests

from tests.bench.idle import family, pss_mb
from tests.bench.installation import APP, FOLDER, BenchInstallation, installed
from tests.bench.outcome import outcome, report, run, table
from tests.bench.signed_pushes import BODY, SECRET, Pushes, signature
from tests.shop.attackers import KINDS
from tests.shop.installation import free_port
from tests.waiting import until

ATTACK = 30.0
SOURCES = 49
FLAT_OUT = 30
PATH = f"/hooks/{APP}"
_WRK = """
local id = 0
function request()
  id = id + 1
  return wrk.format("POST", "%s", {
    ["Content-Type"] = "application/json", ["X-GitHub-Event"] = "push",
    ["X-GitHub-Delivery"] = "%s-" .. id, ["X-Hub-Signature-256"] = "%s"}, '%s')
end
function done(summary, latency) io.write(string.format("refused %%d of %%d in %%d us",
  summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
  summary.requests, summary.duration)) end
"""


def bench() -> int:
    """Run it; the exit code."""
    figures: dict[str, float] = {}
    bars: dict[str, bool] = {}
    secret = f'webhook_secret = "{SECRET}"'
    with installed(app=secret) as shop, _webhook() as other:
        port = int(shop.settings.server.listen.rpartition(":")[2])
        shop.ended(shop.push("1.0.1").deploy)
        _attacks(port, SOURCES, figures, bars)
        _from_one_address(port, figures, bars)
        _thousand(shop, port, figures, bars)
        _steady(port, other, figures, bars)
        _flat_out(shop, port, other, figures, bars)
    return outcome("doors", figures, bars)


def _attacks(port: int, sources: int, figures: dict[str, float], bars: dict[str, bool]) -> None:
    rows = []
    for kind in KINDS:
        pushes = Pushes(port, PATH)
        with pushes.sending(20):
            answers = _attack(kind, port, sources)
        p99, refused = pushes.quantile(0.99), pushes.refused(202)
        rows.append([kind, str(len(pushes.seconds)), f"{p99:.0f}", str(refused), answers])
        figures[f"{kind.replace(' ', '_')}_p99_ms"] = round(p99, 1)
        bars[f"{kind}: p99 of signed pushes {p99:.0f} ms, less than 1000; refused {refused}, none"] = (
            p99 < 1000 and refused == 0
        )
    report(table(["attack, 30 s from 49 addresses", "pushes", "p99 ms", "refused", "answers to the attack"], rows))


def _from_one_address(port: int, figures: dict[str, float], bars: dict[str, bool]) -> None:
    """Pushes of that address may be answered 429, too: nobody but a push's own sender is slowed down."""
    for kind in ("200 one-byte bodies", "1000 bad signatures a second"):
        answers = json.loads(_attack(kind, port, 1))
        report(f"{kind} from one address: {answers}")
        figures[f"{kind.replace(' ', '_')}_from_one_address_429"] = answers.get("429", 0)
        bars[f"{kind} from one address: answered 429 {answers.get('429', 0)} times"] = answers.get("429", 0) > 0
    log = (FOLDER / "hookserver.log").read_text()
    lines = [line for line in log.splitlines() if "refused" in line]
    report(f"lines about refused calls in hookserver's log: {len(lines)}, such as:")
    for line in lines[-2:]:
        report(f"  {line}")
    bars[f"{len(lines)} lines about refused calls in the log, at most 2 a minute"] = 0 < len(lines) <= 12


def _attack(kind: str, port: int, sources: int) -> str:
    command = [sys.executable, "-m", "tests.shop.attackers", kind, str(port), str(ATTACK), str(sources)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=ATTACK + 60).stdout.strip()


def _thousand(shop: BenchInstallation, port: int, figures: dict[str, float], bars: dict[str, bool]) -> None:
    first = shop.newest()
    shop.publish("1.0.2")
    pushes = Pushes(port, PATH)
    pushes.send_at(100, 10)
    p99, refused = pushes.quantile(0.99), pushes.refused(202)
    until(lambda: not shop.is_busy(), 180, "the end of the deploys")
    builds, version = shop.builds_after(first), shop.version()
    report(f"1000 pushes in 10 s: p99 {p99:.0f} ms, refused {refused}, builds {builds}, live {version}")
    figures["thousand_p99_ms"] = round(p99, 1)
    bars[f"1000 pushes in 10 s: p99 {p99:.0f} ms, less than 1000; none refused; {builds} builds, at most 3"] = (
        p99 < 1000 and refused == 0 and builds <= 3
    )
    bars[f"after them the tip is live: {version}"] = version == "1.0.2"


def _steady(port: int, other: int, figures: dict[str, float], bars: dict[str, bool]) -> None:
    rows = []
    for name, at, accepted in (("hookserver", port, 202), ("webhook", other, 200)) * 2:
        pushes = Pushes(at, PATH)
        pushes.send_at(100, 10)
        rows.append((name, pushes.quantile(0.5), pushes.quantile(0.99), pushes.refused(accepted)))
    report(
        table(
            ["100 pushes a second", "p50 ms", "p99 ms", "refused"],
            [[name, f"{p50:.1f}", f"{p99:.1f}", str(refused)] for name, p50, p99, refused in rows],
        )
    )
    ours = [row for row in rows if row[0] == "hookserver"]
    p50, p99 = min(row[1] for row in ours), min(row[2] for row in ours)
    figures |= {"steady_p50_ms": round(p50, 2), "steady_p99_ms": round(p99, 2)}
    bars[f"100 pushes a second: p50 {p50:.1f} ms, at most 5; p99 {p99:.1f} ms, at most 25"] = p50 <= 5 and p99 <= 25


def _flat_out(shop: BenchInstallation, port: int, other: int, figures: dict[str, float], bars: dict[str, bool]) -> None:
    before = shop.newest()
    ours, accepted = _wrk(port)
    stored = shop.newest() - before
    until(lambda: not shop.is_busy(), 180, "the end of the deploys")
    memory = _memory(shop.pid)
    theirs, _ = _wrk(other)
    report(f"flat out over 16 connections, {FLAT_OUT} s: hookserver {ours:.0f}/s, webhook {theirs:.0f}/s")
    report(f"accepted {accepted}, stored {stored}; web and worker then: {memory:.1f} MB")
    figures |= {"flat_out_per_s": round(ours), "webhook_per_s": round(theirs), "pss_mb": round(memory, 1)}
    bars[f"flat out: {ours:.0f} pushes a second, at least 600"] = ours >= 600
    bars[f"each push that was accepted is stored: {accepted} and {stored}"] = accepted <= stored
    bars[f"web and worker after {FLAT_OUT} s of it: {memory:.1f} MB, at most 160"] = memory <= 160


def _memory(supervisor: int) -> float:
    """Megabytes of web, worker and what they have started; a process may end meanwhile."""
    total = 0.0
    for pid in family(supervisor)[1:]:
        with suppress(OSError):
            total += pss_mb(pid)
    return total


def _wrk(port: int) -> tuple[float, int]:
    """Accepted pushes a second, and their number."""
    script = FOLDER / "push.lua"
    script.write_text(_WRK % (PATH, f"wrk-{time.time_ns()}", signature(BODY), BODY.decode()))
    command = ["wrk", "-t1", "-c16", f"-d{FLAT_OUT}", "-s", str(script), f"http://127.0.0.1:{port}"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"refused (\d+) of (\d+) in (\d+) us", output)
    assert found, output
    refused, requests, microseconds = map(int, found.groups())
    return (requests - refused) / (microseconds / 1e6), requests - refused


@contextmanager
def _webhook() -> Iterator[int]:
    """adnanh/webhook with a rule for the same signature: https://github.com/adnanh/webhook/blob/master/docs/Hook-Rules.md"""
    port, file = free_port(), FOLDER / "webhook.json"
    name = {"source": "header", "name": "X-Hub-Signature-256"}
    rule = {"match": {"type": "payload-hmac-sha256", "secret": SECRET, "parameter": name}}
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps([{"id": APP, "execute-command": "/bin/true", "trigger-rule": rule}]))
    command = ["webhook", "-hooks", str(file), "-ip", "127.0.0.1", "-port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: _answers(port), 20, "webhook")
            yield port
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/", timeout=2).status_code > 0
    except requests.ConnectionError:
        return False


if __name__ == "__main__":
    run(bench)
