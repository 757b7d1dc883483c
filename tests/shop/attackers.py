"""Callers that mean no good, as a program of its own: ``python -m tests.shop.attackers KIND PORT SECONDS SOURCES``.

They connect to the loopback only, from the addresses 127.0.0.2 on, and count the answers by status.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import count

BODY = b'{"ref": "refs/heads/main", "after": "0000000000000000000000000000000000000000"}'
_HEAD = (
    b"POST /hooks/benchshop HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"X-GitHub-Event: push\r\nX-GitHub-Delivery: attack-%d\r\nX-Hub-Signature-256: sha256=" + b"0" * 64 + b"\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n"
)
_number = count()


class Attack:
    """One kind of attack, for some seconds, from some addresses in turn."""

    def __init__(self, port: int, seconds: float, sources: int) -> None:
        self._port = port
        self._ends = time.monotonic() + seconds
        self._sources = sources
        self.statuses: Counter[str] = Counter()

    async def held(self, connections: int, first: Callable[[], bytes]) -> None:
        """Connections that send ``first``, and nothing more; one that is closed is opened again."""
        await asyncio.gather(*(self._hold(number, first) for number in range(connections)))

    async def bad_signatures(self, per_second: int) -> None:
        """Whole requests with a wrong signature, each at its time on a connection of its own."""
        began, tasks = time.monotonic(), set[asyncio.Task[None]]()
        for number in count():
            due = began + number / per_second
            if due >= self._ends:
                break
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if len(tasks) < 2 * per_second:
                task = asyncio.create_task(self._ask(number))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            else:
                self.statuses["not sent"] += 1
        await asyncio.gather(*tasks)

    async def _hold(self, number: int, first: Callable[[], bytes]) -> None:
        while (left := self._ends - time.monotonic()) > 0:
            try:
                reader, writer = await self._connect(number)
                writer.write(first())
                line = await asyncio.wait_for(reader.readline(), left)
            except TimeoutError:
                self.statuses["held to the end"] += 1
            except OSError as error:
                self.statuses[type(error).__name__] += 1
                await asyncio.sleep(0.1)
                continue
            else:
                self._count(line)
                await asyncio.sleep(0.1)
            writer.close()

    async def _ask(self, number: int) -> None:
        try:
            reader, writer = await self._connect(number)
            writer.write(_HEAD % (next(_number), len(BODY)) + BODY)
            self._count(await asyncio.wait_for(reader.readline(), 30))
            writer.close()
        except (OSError, TimeoutError) as error:
            self.statuses[type(error).__name__] += 1

    async def _connect(self, number: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        source = f"127.0.0.{2 + number % self._sources}" if self._sources > 1 else "127.0.0.1"
        return await asyncio.open_connection("127.0.0.1", self._port, local_addr=(source, 0))

    def _count(self, line: bytes) -> None:
        words = line.split()
        self.statuses[words[1].decode() if len(words) > 1 else "closed"] += 1


def one_byte_body() -> bytes:
    """A head and the first byte of a body."""
    return _HEAD % (next(_number), len(BODY)) + BODY[:1]


KINDS: dict[str, Callable[[Attack], Awaitable[None]]] = {
    "1000 silent connections": lambda attack: attack.held(1000, lambda: b""),
    "500 partial heads": lambda attack: attack.held(500, lambda: b"POST /hooks/benchshop HTTP/1.1\r\nHost:"),
    "200 one-byte bodies": lambda attack: attack.held(200, one_byte_body),
    "1000 bad signatures a second": lambda attack: attack.bad_signatures(1000),
}


async def _run(kind: str, port: int, seconds: float, sources: int) -> None:
    attack = Attack(port, seconds, sources)
    await KINDS[kind](attack)
    print(json.dumps(attack.statuses))


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
