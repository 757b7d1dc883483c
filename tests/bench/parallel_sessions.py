"""Do parallel requests of a visitor lose anything at a switch? ``tests/run.sh bench parallel_sessions``

50 visitors of an app with shared sessions send 8 requests at a time, each of which sets an attribute of its own: 10,000
in all, through Nginx, while the traffic is switched 10 times between two releases. Each visitor's requests go on
through every switch, so that some are still at the old slot while others are at the new one. Then a page shows each
visitor's attributes, before and after a last switch: the bar is that none is missing, and that no request failed.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from tests.bench.outcome import outcome, report, run
from tests.shop import Installation, installed
from tests.shop.session_wars import war
from tests.waiting import until

APP = "bench-parallel"
SUBNET = "172.30.216.0/24"
VISITORS, PARALLEL, REQUESTS, SWITCHES = 50, 8, 10_000, 10
BATCHES = REQUESTS // (VISITORS * PARALLEL)
LONGEST_MS = 120
"""A request sets its attribute, then works for up to so long."""
PATIENCE = 30.0
RELEASE = 'sessions = "shared"\nstandby = "1h"\ndrain = "1s"'


@dataclass
class Progress:
    """How far switches and visitors are: each waits for the other, so that requests are in flight at every switch."""

    switches: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    batches: Counter[int] = field(default_factory=Counter)
    """How many batches began between two switches."""


@dataclass
class ParallelVisitor:
    """A browser with so many connections, all with one cookie."""

    site: Installation
    number: int
    progress: Progress
    cookie: str = ""
    expected: set[str] = field(default_factory=set)
    _lines: list[tuple[asyncio.StreamReader, asyncio.StreamWriter] | None] = field(
        default_factory=lambda: [None] * PARALLEL
    )

    async def shop(self) -> None:
        """All the visitor's requests, 8 at a time."""
        await self.ask(0, "/set.jsp?name=first&ms=0")
        self.expected.add("first")
        names = itertools.count(1)
        for batch in range(BATCHES):
            while self.progress.switches < batch * SWITCHES // BATCHES - 1:
                await asyncio.sleep(random.uniform(0, 0.05))
            self.progress.batches[self.progress.switches] += 1
            await asyncio.gather(*(self._set(line, f"n{next(names):03}") for line in range(PARALLEL)))
            await asyncio.sleep(random.uniform(0, 0.6))

    async def _set(self, line: int, name: str) -> None:
        text = await self.ask(line, f"/set.jsp?name={name}&ms={random.randrange(LONGEST_MS)}")
        if text == "set":
            self.expected.add(name)

    async def names(self) -> set[str]:
        """The attributes that the app says the session has."""
        return set((await self.ask(0, "/names.jsp")).split())

    async def ask(self, line: int, path: str) -> str:
        """The page; empty, and counted, when the request failed."""
        try:
            async with asyncio.timeout(PATIENCE):
                status, text = await self._answer(line, path)
        except (OSError, EOFError, ValueError) as error:
            status, text = 0, repr(error)
        if status == 200:
            return text
        self.progress.failed[f"{status} {text[:80] if not status else ''}".strip()] += 1
        self._lines[line] = None
        return ""

    async def _answer(self, line: int, path: str) -> tuple[int, str]:
        opened = self._lines[line] or await asyncio.open_connection("127.0.0.1", self.site.site_port)
        self._lines[line] = opened
        reader, writer = opened
        cookie = f"Cookie: JSESSIONID={self.cookie}\r\n" if self.cookie else ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {APP}.test\r\n{cookie}\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        made = re.search(r"(?i)set-cookie: JSESSIONID=([^;\r]+)", head)
        if made and not self.cookie:
            self.cookie = made[1]
        body = b""
        if length := re.search(r"(?i)content-length: (\d+)", head):
            body = await reader.readexactly(int(length[1]))
        else:
            while size := int(await reader.readuntil(b"\r\n"), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readuntil(b"\r\n")
        if re.search(r"(?i)connection: close", head):
            writer.close()
            self._lines[line] = None
        return int(head.split()[1]), body.decode().strip()


def bench() -> int:
    """Run it; the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with installed(SUBNET) as site:
        project = site.add_app(APP, replicas=2, memory="512m", jvm="", release=RELEASE)
        site.start()
        deploys = []
        for version in ("one", "two"):
            project.commit({"app.war": war(pages={"version.txt": version})}, version)
            deploys.append(project.push().deploy)
            ended = site.ended(deploys[-1])
            if not ended["live_at"]:
                raise RuntimeError(f"deploy {deploys[-1]} is {ended['status']}: {ended['reason']}")
        report(f"two releases; {VISITORS} visitors, {PARALLEL} requests at a time, {REQUESTS:,} in all")
        progress = Progress()
        visitors = [ParallelVisitor(site, number, progress) for number in range(VISITORS)]
        began = time.monotonic()
        switching = threading.Thread(target=_switch, args=(site, deploys, progress), daemon=True)
        switching.start()
        found, again = asyncio.run(_visit(site, visitors, switching, deploys))
        took = time.monotonic() - began
        for replica in site.containers(app=APP):
            lines = replica.logs().decode("utf-8", "replace").splitlines()
            for line in [line for line in lines if "[hookserver]" in line][-5:]:
                report(f"  {replica.name}: {line}")
    return _outcome(visitors, found, again, progress, took)


def _has_reached(progress: Progress, batches: float) -> bool:
    return progress.batches.total() >= batches


def _switch(site: Installation, deploys: list[int], progress: Progress) -> None:
    """Move the traffic to the other release again and again."""
    for number in range(SWITCHES):
        until(partial(_has_reached, progress, (number + 0.5) * VISITORS * BATCHES / SWITCHES), 120, "the visitors")
        _roll_over(site, deploys[number % 2])
        progress.switches += 1


def _roll_over(site: Installation, to: int) -> None:
    answer = site.ask("POST", f"/api/v1/apps/{APP}/rollback?wait=1", {"to": to})
    if answer.json["status"] != "live":
        raise RuntimeError(f"a switch failed: {answer.text}")
    site.ended(answer.json["deploy"])


async def _visit(
    site: Installation, visitors: list[ParallelVisitor], switching: threading.Thread, deploys: list[int]
) -> tuple[list[set[str]], list[set[str]]]:
    """What each visitor's session has at the end, and what it has once the traffic is at the other slot."""
    await asyncio.gather(*(visitor.shop() for visitor in visitors))
    await asyncio.to_thread(switching.join)
    found = await asyncio.gather(*(visitor.names() for visitor in visitors))
    await asyncio.to_thread(_roll_over, site, deploys[SWITCHES % 2])
    return found, await asyncio.gather(*(visitor.names() for visitor in visitors))


def _outcome(
    visitors: list[ParallelVisitor], found: list[set[str]], again: list[set[str]], progress: Progress, took: float
) -> int:
    wanted = sum(len(visitor.expected) for visitor in visitors)
    missing = [
        sum(len(visitor.expected - names) for visitor, names in zip(visitors, shown, strict=True))
        for shown in (found, again)
    ]
    failed = sum(progress.failed.values())
    report(
        f"{wanted:,} attributes set in {took:.0f} s, {REQUESTS / took:.0f} requests/s; failed: {dict(progress.failed)}"
    )
    report(f"batches between two switches: {[progress.batches[number] for number in range(SWITCHES + 1)]}")
    for visitor, names in zip(visitors, found, strict=True):
        if lost := sorted(visitor.expected - names):
            report(
                f"  visitor {visitor.number}, {visitor.cookie}: lost {', '.join(lost[:10])} of {len(visitor.expected)}"
            )
    figures = {
        "requests": REQUESTS,
        "failed": failed,
        "switches": progress.switches,
        "attributes": wanted,
        "lost": missing[0],
        "lost_after_another_switch": missing[1],
        "seconds": round(took, 1),
    }
    bars = {
        f"{SWITCHES} switches, no request of {REQUESTS:,} failed": not failed and progress.switches == SWITCHES,
        f"no attribute of {wanted:,} is missing": missing[0] == 0 and wanted == REQUESTS + VISITORS,
        "nor after another switch": missing[1] == 0,
    }
    return outcome("parallel_sessions", figures, bars)


if __name__ == "__main__":
    run(bench)
