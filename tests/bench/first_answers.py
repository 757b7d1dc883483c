"""How long the replicas of a deploy take to start."""

from __future__ import annotations

import threading
import time
from datetime import datetime

from tests.bench.installation import APP, BenchInstallation


class FirstAnswers:
    """When each replica gave its first good answer: the health gate's own words, read as they are written."""

    def __init__(self, shop: BenchInstallation, deploy: int) -> None:
        self.at: dict[str, float] = {}
        self._shop = shop
        self._path = shop.state.log(deploy)
        self._over = threading.Event()
        self._reader = threading.Thread(target=self._read)

    def __enter__(self) -> FirstAnswers:
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._reader.join()

    def created(self, container: str) -> float:
        """When Docker made the container of that name."""
        return datetime.fromisoformat(self._shop.docker.containers.get(container).attrs["Created"]).timestamp()

    def seconds(self) -> list[float]:
        """How long each replica took from its creation to its first good answer."""
        return [answered - self.created(f"hs-{APP}-{route[:-1]}-{route[-1]}") for route, answered in self.at.items()]

    def _read(self) -> None:
        read = 0
        while not self._over.wait(0.004):
            lines = self._path.read_text("utf-8", "replace").splitlines() if self._path.exists() else []
            for line in lines[read:]:
                if "answered 200, after" in line:
                    self.at.setdefault(line.split()[0], time.time())
            read = len(lines)
