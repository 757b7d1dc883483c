"""A Docker daemon of a test's own, beside the machine's: it can be killed, stopped and started again."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import until

_PREFIX = "hs-dockerd-"
_LOCK = "run.lock"


@dataclass
class DockerDaemon:
    """A dockerd with everything below ``folder``; it makes no rules for packets.

    It has a default bridge of its own: one that is set to have none removes ``docker0``, the machine's.
    """

    folder: Path
    bridge: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        return f"unix://{self.folder}/docker.sock"

    def start(self, *flags: str) -> None:
        """Returns once it answers."""
        places = {"data-root": "data", "exec-root": "run", "pidfile": "docker.pid"}
        options = [f"--{option}={self.folder / place}" for option, place in places.items()]
        options += [f"--host={self.host}", f"--bridge={self.bridge}", "--iptables=false", "--ip-masq=false", *flags]
        with (self.folder / "dockerd.log").open("ab") as log:
            self.process = subprocess.Popen(["dockerd", *options], stdout=log, stderr=log, start_new_session=True)
        until(self.answers, 60, "the daemon")

    def kill(self) -> None:
        """kill -9 of the daemon alone, as when it crashes."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        # Both numbers may have gone to other processes: then the next start would take its containerd for running.
        for stale in ("docker.pid", "run/containerd/containerd.pid"):
            (self.folder / stale).unlink(missing_ok=True)

    def stop(self) -> None:
        """As at a shutdown of the machine: without live-restore, its containers end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def answers(self) -> bool:
        return (
            subprocess.run(["docker", "--host", self.host, "version"], capture_output=True, check=False).returncode == 0
        )


def remove_killed_daemons() -> None:
    """Remove what killed test runs have left of their daemons: processes, mounts, bridges and folders.

    A run holds the lock of its folder as long as it lives; a folder without the file is just being made.
    """
    for lock in Path("/var/tmp").glob(f"{_PREFIX}*/{_LOCK}"):
        with lock.open() as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            _remove(lock.parent)


def _remove(folder: Path) -> None:
    subprocess.run(["pkill", "--signal", "KILL", "--full", f"{folder}/"], check=False)
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((mount for mount in mounts if mount.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "--lazy", mount], check=False)
    networks = folder / "data/network/files/local-kv.db"
    for bridge in set(re.findall(rb"br-[0-9a-f]{12}", networks.read_bytes() if networks.exists() else b"")):
        subprocess.run(["ip", "link", "delete", bridge], stderr=subprocess.DEVNULL, check=False)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def docker_daemon(bridge: str, address: str, *images: str) -> Iterator[DockerDaemon]:
    """One that runs, with these images of the machine's daemon."""
    remove_killed_daemons()
    made = DockerDaemon(Path(tempfile.mkdtemp(prefix=_PREFIX, dir="/var/tmp")), bridge)
    lock = (made.folder / _LOCK).open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    subprocess.run(["ip", "link", "add", bridge, "type", "bridge"], capture_output=True, check=False)
    subprocess.run(["ip", "addr", "replace", address, "dev", bridge], check=True)
    subprocess.run(["ip", "link", "set", bridge, "up"], check=True)
    try:
        made.start()
        with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saving:
            subprocess.run(["docker", "--host", made.host, "load", "--quiet"], stdin=saving.stdout, check=True)
        yield made
    finally:
        made.stop()
        subprocess.run(["umount", made.folder / "data"], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(made.folder)
        lock.close()
        subprocess.run(["ip", "link", "delete", bridge], check=False)
