"""What each way to keep sessions costs: answers a second, heap, disk, and the time of a start."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.bench.installation import FOLDER
from tests.bench.session_shops import MODES, Shop, address, answers
from tests.waiting import until

VISITORS = 64
CONNECTIONS = 16
ROUNDS = 21
SECONDS = 3
WARM_UP = 150_000
"""Requests to each shop until the JVM has compiled what it will: by time, a slower one would be measured earlier."""
CASES = ("cart", "5 kB")
"""What a visitor's session holds: a cart and a name, or 100 texts beside them."""
PAGES = ("/", "/product?id=espresso", "/cart", "/", "/product?id=oil", "/api/cart", "/", "/cart", "/product?id=tulips")
"""Of ten requests nine look at one of these pages, all of which read the session, and one adds to the cart."""
SESSIONS = 10_000
STARTS = 4
_LUA = """
local requests, sent = {{}}, 0
function init()
  local pages, visitors = {{{pages}}}, {{{cookies}}}
  for _, page in ipairs(pages) do
    for _, visitor in ipairs(visitors) do
      wrk.headers["Host"], wrk.headers["Cookie"] = "{host}", visitor
      requests[#requests + 1] = wrk.format("GET", page)
    end
  end
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
  for _, visitor in ipairs(visitors) do
    wrk.headers["Cookie"] = visitor
    requests[#requests + 1] = wrk.format("POST", "/cart/add", nil, "id=espresso&quantity=1")
  end
end
function request()
  sent = sent + 1
  return requests[(sent * 67) % #requests + 1]
end
"""


@dataclass(frozen=True)
class Turns:
    """Of one shop in one case: the answers a second, and the p99 in milliseconds, a figure a turn."""

    per_second: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Kept:
    """What 10,000 sessions of 5 kB take: of heap in the replica that made them, after its restart, and on the disk."""

    heap_mb: float
    heap_after_restart_mb: float
    disk_mb: float
    start_ratio: float
    start_s: float


def steady_state(shops: Mapping[str, Shop]) -> dict[tuple[str, str], Turns]:
    """The shops take turns, so that what else the machine does meets all of them; mode and case → the figures."""
    found = {(mode, case): Turns() for mode in MODES for case in CASES}
    scripts = {(mode, case): _script(shops[mode], case) for mode, case in found}
    for mode in MODES:
        answered = 0.0
        while answered < WARM_UP:
            answered += sum(_load(shops[mode], scripts[mode, case], 5)[0] * 5 for case in CASES)
    for number in range(ROUNDS):
        for case in CASES:
            for mode in MODES if number % 2 else reversed(MODES):
                per_second, p99 = _load(shops[mode], scripts[mode, case], SECONDS)
                found[mode, case].per_second.append(per_second)
                found[mode, case].p99_ms.append(p99)
    return found


def ratio(ones: Sequence[float], others: Sequence[float]) -> float:
    """The median over the rounds."""
    return statistics.median(one / other for one, other in zip(ones, others, strict=True))


def _script(shop: Shop, case: str) -> Path:
    for _ in range(2 * len(shop.live())):  # the first request of a page compiles it, in each replica
        cookie = _cookies(shop, case)
        for page in PAGES:
            _browse(shop, page, cookie)
    cookies = [_cookies(shop, case) for _ in range(VISITORS)]
    file = FOLDER / f"{shop.app}-{CASES.index(case)}.lua"
    quoted = {"pages": PAGES, "cookies": cookies}
    file.write_text(_LUA.format(host=shop.host, **{key: _listed(values) for key, values in quoted.items()}))
    return file


def _listed(values: Sequence[str]) -> str:
    return ", ".join(f'"{value}"' for value in values)


def _cookies(shop: Shop, case: str) -> str:
    """The cookies of a visitor with a cart.

    With ``none`` the visitor has a session in each replica, of which Tomcat takes the one that it knows. Else half of
    the pages would show no cart, and less work would be compared with more.
    """
    sites = [address(replica) for replica in shop.live()] if shop.mode == "none" else [shop.url]
    return "; ".join(f"JSESSIONID={_session(site, shop.host, case)}" for site in sites)


def _session(site: str, host: str, case: str) -> str:
    """The session of a visitor who has logged in and filled a cart."""
    with requests.Session() as browser:
        browser.headers["Host"] = host
        browser.post(f"{site}/login", data={"name": "Ada"}, timeout=30, allow_redirects=False).raise_for_status()
        if case == "5 kB":
            browser.get(f"{site}/stock.jsp", timeout=30).raise_for_status()
        form = {"id": "espresso", "quantity": "1"}
        browser.post(f"{site}/cart/add", data=form, timeout=30, allow_redirects=False).raise_for_status()
        return str(browser.cookies.get("JSESSIONID"))


def _browse(shop: Shop, page: str, cookie: str) -> None:
    headers = {"Host": shop.host, "Cookie": cookie}
    requests.get(f"{shop.url}{page}", headers=headers, timeout=30).raise_for_status()


def _load(shop: Shop, script: Path, seconds: int) -> tuple[float, float]:
    """Answers a second, and the p99 in milliseconds."""
    command = [
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{seconds}s",
        "--latency",
        "--timeout",
        "30s",
        "-s",
        str(script),
        shop.url,
    ]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 30).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"requests failed:\n{output}")
    rate, p99 = re.search(r"Requests/sec: +([0-9.]+)", output), re.search(r"99% +([0-9.]+)(us|ms|s)", output)
    if rate is None or p99 is None:
        raise RuntimeError(f"wrk gave no figures:\n{output}")
    return float(rate[1]), float(p99[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]]


def kept(shop: Shop) -> Kept:
    """Fill the first live replica with sessions, and restart it with and without them in the store."""
    replica = shop.live()[0]
    before = _heap_mb(replica)
    store = shop.site.state.root / "sessions" / shop.app
    store.mkdir(parents=True, exist_ok=True)  # no session is stored there but with ``shared``
    disk_before = _disk_mb(store)
    for _ in range(4):
        answer = requests.get(f"{address(replica)}/fill.jsp?sessions={SESSIONS // 4}", timeout=300)
        answer.raise_for_status()
    heap, disk = _heap_mb(replica) - before, _disk_mb(store) - disk_before
    full, empty = [], []
    for _ in range(STARTS):
        full.append(_restart(replica))
        with _set_aside(store):
            empty.append(_restart(replica))
    return Kept(heap, _heap_after_restart(replica) - before, disk, ratio(full, empty), statistics.median(full))


def _heap_after_restart(replica: Any) -> float:
    _restart(replica)
    return _heap_mb(replica)


def _restart(replica: Any) -> float:
    """Seconds from the start of a replica that was killed to its first answer."""
    replica.kill()
    began = time.monotonic()
    replica.start()
    until(lambda: answers(replica), 120, "the replica", pause=0.05)
    return time.monotonic() - began


def _heap_mb(replica: Any) -> float:
    return int(requests.get(f"{address(replica)}/heap.jsp", timeout=60).text) / (1 << 20)


def _disk_mb(folder: Path) -> float:
    return sum(path.lstat().st_blocks for path in folder.rglob("*")) * 512 / (1 << 20)


@contextmanager
def _set_aside(store: Path) -> Iterator[None]:
    """Without what is stored, as long as the block lasts."""
    aside = store.with_name(f"{store.name}.aside")
    aside.mkdir(exist_ok=True)
    _move(store, aside)
    try:
        yield
    finally:
        for left in [path for path in store.iterdir() if (aside / path.name).exists()]:
            subprocess.run(["rm", "-r", left], check=True)
        _move(aside, store)
        aside.rmdir()


def _move(source: Path, target: Path) -> None:
    for entry in list(source.iterdir()):
        os.rename(entry, target / entry.name)  # noqa: PTH104
