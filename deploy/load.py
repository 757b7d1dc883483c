#!/usr/bin/env python3
"""Visitors for a shop on this machine that count every failed request. They request the pages of deploy/sample.

A request fails unless its whole answer arrives in time, with a status below 400. Counted separately: connections that
the server closes while they are idle, which loses no request; forms whose answer leads back to their own page: a
customer checks there whether the form was processed, and sends it again if not; with --patient, answers with 502 and
503, after which customers do the same. The load ends after --seconds, or on
SIGINT or SIGTERM, once all requests in flight have ended. The report is JSON, its times Unix seconds. Exit code: 1
when a request failed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import ipaddress
import itertools
import json
import os
import random
import resource
import signal
import sys
import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

GETS = ("/", "/product?id=espresso", "/api/cart", "/cart", "/static/shop.css")
ADD_TO_CART = ("POST", "/cart/add", b"id=espresso&quantity=1")
IN_A_CART = 6
PAGES = {"/cart/add": "/product?id=espresso", "/login": "/login", "/checkout": "/checkout"}
"""The page of each form."""
FORM = "Accept: text/html,*/*;q=0.8\r\nContent-Type: application/x-www-form-urlencoded\r\n"
WEBSOCKET = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
WEBSOCKET += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
POST_EVERY = 4
UPLOAD_PIECES, UPLOAD_PIECE = 30, 4096
PATIENCE = 30.0
"""Seconds that an answer may take beyond the time that the request itself needs."""
AFTER_A_FAILURE = 0.05
UNAVAILABLE = (502, 503)
"""The statuses with which Nginx answers when no replica can."""


class Failed(Exception):
    """A request with a bad answer, which the text describes."""


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """A whole answer; the headers' names are in lower case."""

    status: int
    headers: dict[bytes, bytes]
    cookies: dict[bytes, bytes]
    body: bytes
    led_back: bool = False


class Browser:
    """One connection, opened when needed and kept until the server closes it, with its cookies."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._cookies: dict[bytes, bytes] = {}
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: str = "", trickle: float = 0.0
    ) -> WholeAnswer:
        """The answer to one request, whose body takes ``trickle`` seconds. Raises whatever goes wrong."""
        reader, writer = await self.streams()
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._load.options.host}\r\n{headers}".encode()
        page = f"http://{self._load.options.host}{PAGES[path]}" if method == "POST" and path in PAGES else ""
        head += f"{FORM}Referer: {page}\r\n".encode() if page else b""
        if self._cookies:
            head += b"Cookie: " + b"; ".join(map(b"=".join, self._cookies.items())) + b"\r\n"
        if method == "POST":
            head += f"Content-Length: {len(body)}\r\n".encode()
        writer.write(head + b"\r\n" + (b"" if trickle else body))
        for at in range(0, len(body), UPLOAD_PIECE) if trickle else ():
            writer.write(body[at : at + UPLOAD_PIECE])
            await writer.drain()
            await asyncio.sleep(trickle * UPLOAD_PIECE / len(body))
        answer = await read_answer(reader)
        self._cookies |= answer.cookies
        if answer.headers.get(b"connection", b"").lower() == b"close":
            self.leave()
        return replace(answer, led_back=bool(page) and answer.headers.get(b"location") == page.encode())

    async def streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The connection; a new one when there was none, or when it was closed since the last answer."""
        if self._streams:
            await asyncio.sleep(0)  # asyncio notices here that the server has closed the connection
            if self._streams[0].at_eof() or self._streams[0].exception():
                self._load.closed_idle += 1
                self.leave()
        self._streams = self._streams or await asyncio.open_connection(*self._load.options.address)
        return self._streams

    @property
    def replica(self) -> str:
        """The replica that created the session: Tomcat appends its jvmRoute to the session's id. Empty without one."""
        return self._cookies.get(b"JSESSIONID", b"").decode().partition(".")[2]

    def leave(self) -> None:
        """Close the connection."""
        if self._streams:
            self._streams[1].close()
        self._streams = None


async def read_answer(reader: asyncio.StreamReader) -> WholeAnswer:
    """One whole answer. Raises IncompleteReadError when the connection ends before it does."""
    status_line, *lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
    status, body = int(status_line.split()[1]), b""
    headers: dict[bytes, bytes] = {}
    cookies: dict[bytes, bytes] = {}
    for name, _, value in (line.partition(b":") for line in lines):
        headers[name.lower()] = value.strip()
        if name.lower() == b"set-cookie":
            cookie, _, worth = value.strip().partition(b";")[0].partition(b"=")
            cookies[cookie] = worth
    if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readuntil(b"\r\n")
    elif b"content-length" in headers:
        body = await reader.readexactly(int(headers[b"content-length"]))
    elif status not in (101, 204, 304):
        body = await reader.read()
    return WholeAnswer(status, headers, cookies, body)


def what_happened(error: Exception) -> str:
    """The error in a word or two."""
    if isinstance(error, asyncio.IncompleteReadError):
        return "cut off in its answer" if error.partial else "closed without an answer"
    words = {TimeoutError: "timeout", ConnectionRefusedError: "refused", ConnectionError: "reset"}
    return next((word for kind, word in words.items() if isinstance(error, kind)), str(error) or repr(error))


class Load:
    """All the visitors, and the results of their requests. ``over`` is set when no further request is to be sent."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.over = asyncio.Event()
        self.closed_idle = self.led_back = 0
        self.unavailable: list[tuple[float, int]] = []
        self.failed: Counter[str] = Counter()
        self._failures: list[dict[str, Any]] = []
        self._milliseconds: defaultdict[str, array[float]] = defaultdict(lambda: array("f"))
        self._versions: dict[str, dict[str, float]] = {}
        self._visitors: list[dict[str, Any]] = []
        self._carts: dict[str, Any] = {"started": 0, "paid": 0, "lost": [], "asked": []}

    async def run(self) -> None:
        """Run until ``over`` is set and the requests in flight have ended, or until there is nothing more to do."""
        options = self.options
        asking = [self._shop(number) for number in range(options.connections)]
        asking += [self._buy(f"customer {number}") for number in range(options.customers)]
        asking += [self._upload() for _ in range(options.uploads)]
        asking += [self._let_visitors_in()] if options.visitors else []
        asking += [self._ask_long()] if options.long else []
        asking += [self._talk()] if options.websocket else []
        progress = asyncio.create_task(self._show_progress()) if options.progress else None
        await asyncio.gather(*asking)
        await asyncio.sleep(0)  # the loop closes what was left
        if progress:
            progress.cancel()

    async def _counted(
        self, kind: str, asked: str, browser: Browser, asking: Coroutine[Any, Any, WholeAnswer], longer: float = 0.0
    ) -> bool:
        """Whether the answer was good; ``longer``: the seconds that the request itself needs."""
        sent = time.time()
        try:
            async with asyncio.timeout(PATIENCE + longer):
                answer = await asking
            if answer.status in UNAVAILABLE and self.options.patient:
                self.unavailable.append((round(sent, 3), answer.status))
                await self._pause(AFTER_A_FAILURE)
                return False
            if answer.status >= 400:
                raise Failed(f"status {answer.status}")
        except (Failed, OSError, EOFError, ValueError, IndexError, asyncio.LimitOverrunError) as error:
            self.failed[kind] += 1
            failure = {"kind": kind, "asked": asked, "at": sent, "after_seconds": round(time.time() - sent, 3)}
            self._failures += [{**failure, "what": what_happened(error)}] * (len(self._failures) < 20)
            browser.leave()
            await self._pause(AFTER_A_FAILURE)
            return False
        self.led_back += answer.led_back
        answered, version = time.time(), answer.headers.get(b"x-shop-version", b"").decode()
        self._milliseconds[kind].append((answered - sent) * 1000)
        seen = self._versions.setdefault(version, {"requests": 0, "first": answered})
        seen.update(requests=seen["requests"] + 1, last=answered)
        if kind.startswith("visitor"):
            self._visitors.append({"sent": sent, "answered": answered, "version": version})
        return True

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), seconds)

    async def _shop(self, number: int) -> None:
        """One kept-alive connection: it reads pages, and fills its cart."""
        browser = Browser(self)
        for turn in itertools.takewhile(lambda _: not self.over.is_set(), itertools.count(number)):
            method, path, body = ("GET", GETS[turn % len(GETS)], b"") if turn % POST_EVERY else ADD_TO_CART
            await self._counted(method.lower(), path, browser, browser.ask(method, path, body))
            if self.options.think:
                await self._pause(self.options.think / 1000)
        browser.leave()

    async def _let_visitors_in(self) -> None:
        began, inside = time.monotonic(), set()
        for number in itertools.takewhile(lambda _: not self.over.is_set(), itertools.count(1)):
            task = asyncio.create_task(self._visit(number))
            inside.add(task)
            task.add_done_callback(inside.discard)
            await self._pause(max(0.0, began + number / self.options.visitors - time.monotonic()))
        await asyncio.gather(*inside)

    async def _visit(self, number: int) -> None:
        """A new connection without cookies, one request."""
        method, path, body = ("GET", "/", b"") if number % POST_EVERY else ADD_TO_CART
        browser = Browser(self)
        asking = browser.ask(method, path, body, "Connection: close\r\n")
        await self._counted(f"visitor {method.lower()}", path, browser, asking)
        browser.leave()

    async def _buy(self, name: str) -> None:
        """One customer after the other logs in, fills a cart, reads it and pays; they leave when the cart is lost."""
        while not self.over.is_set():
            browser = Browser(self)
            self._carts["started"] += 1
            if await self._fill_cart(browser, name) and await self._send(browser, "/checkout", b"", "count", 0):
                self._carts["paid"] += 1
            browser.leave()

    async def _fill_cart(self, browser: Browser, name: str) -> bool:
        if not await self._send(browser, "/login", f"name={name}".encode(), "customer", name):
            return False
        for quantity in range(1, IN_A_CART + 1):
            replica = browser.replica
            if self.over.is_set() or not await self._send(browser, *ADD_TO_CART[1:], "count", quantity):
                return False
            found = await self._customer(browser, "GET", "/api/cart", b"")
            if not found:
                return False
            cart = json.loads(found.body)
            if (cart["customer"], cart["count"]) != (name, quantity):
                loss = {"replica": replica, "wanted": quantity, "found": cart["count"], "by": cart["version"]}
                self._carts["lost"].append({"at": time.time(), **loss})
                return False
        return True

    async def _send(self, browser: Browser, path: str, body: bytes, shows: str, done: str | int) -> bool:
        """Send a customer's form, again if it leads back and the cart does not show that it was processed."""
        while answer := await self._customer(browser, "POST", path, body):
            if not answer.led_back:
                return True
            found = await self._customer(browser, "GET", "/api/cart", b"")
            if not found or json.loads(found.body)[shows] == done:
                return found is not None
        return False

    async def _customer(self, browser: Browser, method: str, path: str, body: bytes) -> WholeAnswer | None:
        """After a pause, a customer's request; the answer, if it was a good one.

        Patient customers repeat it while no replica runs; a form then counts as led back: it may have been processed.
        """
        answers: list[WholeAnswer] = []

        async def ask() -> WholeAnswer:
            answers.append(await browser.ask(method, path, body))
            return answers[0]

        await self._pause(self.options.customer_think / 1000 * random.uniform(0.5, 1.5))  # noqa: S311
        sent, began = time.time(), time.monotonic()
        good = await self._counted("customer", path, browser, ask())
        self._carts["asked"].append((round(sent, 3), round((time.monotonic() - began) * 1000, 1)))
        if good or not answers or answers[0].status not in UNAVAILABLE or not self.options.patient:
            return answers[0] if good else None
        if self.over.is_set():
            return None
        return (
            replace(answers[0], led_back=True)
            if method == "POST"
            else await self._customer(browser, method, path, body)
        )

    async def _upload(self) -> None:
        """Slow uploads, one after the other; each answer must have the digest of the bytes that were sent."""

        async def upload() -> WholeAnswer:
            body = os.urandom(UPLOAD_PIECES * UPLOAD_PIECE)
            answer = await browser.ask("POST", "/upload", body, trickle=self.options.upload_seconds)
            if answer.status == 200 and hashlib.sha256(body).hexdigest().encode() not in answer.body:
                raise Failed("the server received other bytes")
            return answer

        while not self.over.is_set():
            browser = Browser(self)
            await self._counted("upload", "/upload", browser, upload(), self.options.upload_seconds)
            browser.leave()

    async def _ask_long(self) -> None:
        asked, browser = f"/slow?ms={self.options.long}", Browser(self)
        await self._counted("long", asked, browser, browser.ask("GET", asked), self.options.long / 1000)
        browser.leave()

    async def _talk(self) -> None:
        """A WebSocket with a message each second, which the server must echo (text frames: RFC 6455, 5.2)."""
        browser, ends = Browser(self), time.monotonic() + self.options.websocket

        async def echo() -> WholeAnswer:
            reader, writer = await browser.streams()
            message = f"{time.time():.6f}".encode()
            writer.write(bytes([0x81, 0x80 | len(message), 0, 0, 0, 0]) + message)
            if await reader.readexactly(2 + len(message)) != bytes([0x81, len(message)]) + message:
                raise Failed("the echo differs from the message")
            return WholeAnswer(200, {}, {}, message)

        path = "/ws/echo"
        good = await self._counted("websocket", path, browser, browser.ask("GET", path, headers=WEBSOCKET))
        while good and time.monotonic() < ends and not self.over.is_set():
            good = await self._counted("websocket", "a message", browser, echo())
            await self._pause(1.0)
        browser.leave()

    async def _show_progress(self) -> None:
        before = 0
        for second in itertools.count(1):
            await asyncio.sleep(1)
            answered = sum(map(len, self._milliseconds.values()))
            line = f"{second:4} s {answered - before:6} answers/s {answered:8} answered, {self.failed.total()} failed"
            sys.stderr.write(f"{line}, by {', '.join(filter(None, self._versions))}\n")
            before = answered

    def report(self, seconds: float) -> dict[str, Any]:
        """The figures, and the first failures; ``seconds``: how long it took."""
        kinds: dict[str, dict[str, float]] = {}
        for kind in sorted({*self._milliseconds, *self.failed}):
            times = sorted(self._milliseconds[kind]) or [0.0]
            quantiles = {f"p{part}_ms": round(times[(len(times) - 1) * part // 100], 1) for part in (50, 99, 100)}
            kinds[kind] = {"requests": len(self._milliseconds[kind]) + self.failed[kind], "failed": self.failed[kind]}
            kinds[kind] |= quantiles
        return {
            "seconds": round(seconds, 3),
            "requests": sum(kind["requests"] for kind in kinds.values()),
            "failed": self.failed.total(),
            "closed_idle": self.closed_idle,
            "led_back": self.led_back,
            "unavailable": self.unavailable,
            "kinds": kinds,
            "failures": self._failures,
            "versions": self._versions,
            "visitors": self._visitors,
            "carts": self._carts,
        }


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options. Ends the program, with 2, when they make no sense."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("url", help="http://127.0.0.1:PORT; only loopback is asked")
    parser.add_argument("--host", help="the Host header, if it is not the address's")
    parser.add_argument("--connections", type=int, default=0, help="kept alive, each asking again when answered")
    parser.add_argument("--think", type=float, default=0, metavar="MS", help="before each of these asks again")
    parser.add_argument("--visitors", type=float, default=0, metavar="N", help="new connections a second")
    parser.add_argument("--customers", type=int, default=0, help="at a time; each logs in, fills a cart, and pays")
    parser.add_argument(
        "--customer-think", type=float, default=1000, metavar="MS", help="before each of their requests"
    )
    parser.add_argument("--patient", action="store_true", help="who gets 502 or 503 asks again: counted separately")
    parser.add_argument("--uploads", type=int, default=0, help="slow uploads at a time")
    parser.add_argument("--upload-seconds", type=float, default=3, help="that each of them takes")
    parser.add_argument("--long", type=int, default=0, metavar="MS", help="one request that takes so long")
    parser.add_argument("--websocket", type=float, default=0, metavar="S", help="one WebSocket, for so many seconds")
    parser.add_argument("--seconds", type=float, default=60, help="the end, unless a signal comes first")
    parser.add_argument("--report", type=Path, help="where to, instead of stdout")
    parser.add_argument("--progress", action="store_true", help="a line each second on stderr")
    options = parser.parse_args(arguments)
    url = urlsplit(options.url)
    name = "127.0.0.1" if url.hostname == "localhost" else url.hostname or ""
    try:
        if url.scheme != "http" or not ipaddress.ip_address(name).is_loopback:
            raise ValueError
        options.address = (name, url.port or 80)
    except ValueError:
        parser.error(f"{options.url}: only http:// and a loopback address, such as http://127.0.0.1:8088")
    options.host = options.host or url.netloc
    return options


async def run(options: argparse.Namespace) -> dict[str, Any]:
    """The report of one load."""
    load, began, loop = Load(options), time.monotonic(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, load.over.set)
    loop.call_later(options.seconds, load.over.set)
    await load.run()
    return load.report(time.monotonic() - began)


def main() -> int:
    """Run one load and write its report; the exit code."""
    options = parse(sys.argv[1:])
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    report = asyncio.run(run(options))
    text = json.dumps(report)
    if options.report:
        fresh = options.report.with_suffix(".new")
        fresh.write_text(f"{text}\n", encoding="utf-8")
        fresh.replace(options.report)
    else:
        sys.stdout.write(f"{text}\n")
    return 1 if report["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
