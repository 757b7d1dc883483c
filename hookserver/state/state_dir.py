"""Every path below ``server.state_dir``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StateDir:
    """Where everything lies that hookserver writes, below ``server.state_dir``."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "hookserver.db"

    @property
    def worker_lock(self) -> Path:
        return self.root / "worker.lock"

    @property
    def wakeup_socket(self) -> Path:
        """A Unix datagram socket; any datagram makes the worker look at the queue."""
        return self.root / "worker.sock"

    @property
    def nginx(self) -> Path:
        return self.root / "nginx"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def begun(self) -> Path:
        """Where replicas mark the requests that they begin with: see ``marks``."""
        return self.root / "begun"

    @property
    def private(self) -> tuple[Path, ...]:
        """The folders that nobody but hookserver's own user may enter."""
        return (self.root / "logs", self.root / "work", self.root / "mirrors")

    def live(self, app: str) -> Path:
        """The app's traffic flags: the files ``up`` and ``green``."""
        return self.root / "live" / app

    def log(self, deploy: int) -> Path:
        return self.root / "logs" / f"{deploy}.log"

    def work(self, deploy: int) -> Path:
        """A deploy's temporary folder, removed at its end."""
        return self.root / "work" / str(deploy)

    def tag(self, deploy: int) -> str:
        """Stands in the environment of the processes of a deploy of this installation: see ``deploy_processes``."""
        return f"{self.root}:{deploy}"

    def mirror(self, app: str) -> Path:
        return self.root / "mirrors" / f"{app}.git"

    def push_repository(self, app: str) -> Path:
        return self.root / "repos" / f"{app}.git"

    def push_token(self, app: str) -> Path:
        return self.root / "repos" / f"{app}.token"
