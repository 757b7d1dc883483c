"""Signed pushes at a steady rate, each at its time and on a connection of its own, and how long their answers take."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

SECRET = "a secret of the bench's shop"
BODY = b'{"ref": "refs/heads/main", "after": "cccccccccccccccccccccccccccccccccccccccc", "deleted": false}'
_number = count(1)


def signature(body: bytes) -> str:
    """As GitHub computes it."""
    return "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def headers(delivery: str) -> dict[str, str]:
    """Those of a push webhook of GitHub's."""
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": delivery,
        "X-Hub-Signature-256": signature(BODY),
    }


@dataclass
class Pushes:
    """Their answers: statuses, and seconds from the time at which each was due."""

    port: int
    path: str
    statuses: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        """Milliseconds, such as of ``0.99``."""
        return sorted(self.seconds)[min(int(share * len(self.seconds)), len(self.seconds) - 1)] * 1000

    def refused(self, accepted: int) -> int:
        """Those with another answer than ``accepted``."""
        return self.statuses.total() - self.statuses[str(accepted)]

    def send(self, due: float) -> None:
        """One push at the time ``due``."""
        time.sleep(max(0.0, due - time.monotonic()))
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", self.path, BODY, headers(f"bench-{next(_number)}-{time.time_ns()}"))
            status = str(connection.getresponse().status)
        except OSError as error:
            status = type(error).__name__
        finally:
            connection.close()
        self.seconds.append(time.monotonic() - due)
        self.statuses[status] += 1

    def send_at(self, per_second: float, seconds: float, senders: int = 16) -> None:
        """Send them at a rate, for some seconds."""
        began = time.monotonic()
        with ThreadPoolExecutor(senders) as pool:
            list(pool.map(self.send, [began + number / per_second for number in range(int(per_second * seconds))]))

    @contextmanager
    def sending(self, per_second: float) -> Iterator[None]:
        """Send them at a rate until the end of the block."""
        is_over = threading.Event()

        def send_all() -> None:
            began = time.monotonic()
            with ThreadPoolExecutor(8) as pool:
                for number in count():
                    due = began + number / per_second
                    if is_over.wait(max(0.0, due - time.monotonic())):
                        return
                    pool.submit(self.send, due)

        sender = threading.Thread(target=send_all)
        sender.start()
        try:
            yield
        finally:
            is_over.set()
            sender.join()
