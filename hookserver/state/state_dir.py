"""Every path below ``server.state_dir``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StateDir:
    """The path of everything that hookserver writes, below ``server.state_dir``."""

    root: Path

    @property
    def database(self) -> Path:
        """In a folder of its own, which the web process may write to: SQLite makes files beside it."""
        return self.root / "database" / "hookserver.db"

    @property
    def web_socket(self) -> Path:
        """The Unix socket on which the web process answers Nginx."""
        return self.root / "web" / "web.sock"

    @property
    def push_socket(self) -> Path:
        """The one on which it answers the hooks of our own repositories."""
        return self.root / "push" / "push.sock"

    @property
    def worker_lock(self) -> Path:
        return self.root / "worker.lock"

    @property
    def wakeup_socket(self) -> Path:
        """A Unix datagram socket; any datagram makes the worker read the queue."""
        return self.root / "worker.sock"

    @property
    def nginx(self) -> Path:
        return self.root / "nginx"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def images(self) -> Path:
        """The records of the images that builds have made: see ``builders/image_records.py``."""
        return self.root / "images"

    @property
    def request_journal(self) -> Path:
        """Where the tmpfs of the request journal is mounted: see ``journal_mount.py``."""
        return self.root / "request-journal"

    @property
    def request_journals(self) -> Path:
        """Where replicas record the requests that they begin to process: see ``request_journal.py``."""
        return self.request_journal / "replicas"

    def sessions(self, app: str) -> Path:
        """The app's stored sessions: see ``session_folder.py``."""
        return self.root / "sessions" / app

    @property
    def private(self) -> tuple[Path, ...]:
        """The folders that only hookserver's own user may enter."""
        return (self.root / "work", self.root / "mirrors", self.images)

    @property
    def logs(self) -> Path:
        """The logs of the deploys."""
        return self.root / "logs"

    def live(self, app: str) -> Path:
        """The folder of the app's traffic flag: see ``nginx/flags.py``."""
        return self.root / "live" / app

    def has_live_apps(self) -> bool:
        """Whether any app has a traffic flag: it was live when hookserver last ran."""
        return any((self.root / "live").glob("*/*"))

    def log(self, deploy: int) -> Path:
        return self.logs / f"{deploy}.log"

    def work(self, deploy: int) -> Path:
        """A deploy's temporary folder, removed at its end."""
        return self.root / "work" / str(deploy)

    def tag(self, deploy: int) -> str:
        """Identifies the processes of a deploy of this installation: see ``deploy_processes.py``."""
        return f"{self.root}:{deploy}"

    def mirror(self, app: str) -> Path:
        return self.root / "mirrors" / f"{app}.git"

    def push_repository(self, app: str) -> Path:
        return self.root / "repos" / f"{app}.git"

    def push_token(self, app: str) -> Path:
        return self.root / "repos" / f"{app}.token"
