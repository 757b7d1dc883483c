"""A git server on loopback."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.shop.installation import free_port
from tests.waiting import until


@contextmanager
def git_server(folder: Path) -> Iterator[int]:
    """Serve the bare repositories in ``folder`` by ``git://`` on the port that is yielded."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    options = ["--export-all", "--reuseaddr", f"--base-path={folder}", "--listen=127.0.0.1", f"--port={port}"]
    with subprocess.Popen(["git", "daemon", *options], stderr=subprocess.DEVNULL) as server:
        try:
            until(lambda: _listens(port), 10)
            yield port
        finally:
            server.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
