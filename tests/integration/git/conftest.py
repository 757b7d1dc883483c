"""Real repositories and real git servers on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from hookserver.git import Mirror
from tests.shop.git_server import GitServer, git_server


@dataclass(frozen=True)
class Source:
    """A repository that people push to; commits are made in a clone beside it."""

    bare: Path
    clone: Path

    def git(self, *arguments: str) -> str:
        return git(self.clone, *arguments)

    def commit(self, files: dict[str, str], message: str = "a change", branch: str = "main") -> str:
        """Commit the files and push them, by force if need be; the new tip."""
        for name, text in files.items():
            (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
            (self.clone / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.push(branch)

    def push(self, branch: str = "main") -> str:
        self.git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")
        return self.git("rev-parse", "HEAD")


def git(folder: Path, *arguments: str) -> str:
    identity = {
        f"GIT_{who}_{what}": "shop@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "GIT_CONFIG_NOSYSTEM": "1", **identity}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, so that no setting of this machine's user takes part."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return folder


def new_source(folder: Path) -> Source:
    """A bare repository below the folder, and a clone of it."""
    bare, clone = folder / "srv/shop.git", folder / "clone"
    bare.mkdir(parents=True)
    clone.mkdir()
    git(bare, "init", "--quiet", "--bare", "--initial-branch=main")
    git(clone, "init", "--quiet", "--initial-branch=main")
    git(clone, "remote", "add", "origin", str(bare))
    return Source(bare, clone)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    made = new_source(tmp_path)
    made.commit({"pom.xml": "<project/>\n"}, "first")
    return made


@pytest.fixture
def mirror_of(tmp_path: Path) -> Callable[..., Mirror]:
    """``mirror_of(repository, branch)``: a mirror in a state folder of this test's own."""

    def make(repository: str | Path, branch: str = "main") -> Mirror:
        return Mirror(tmp_path / "state/mirrors/shop.git", str(repository), branch, tag="git-tests")

    return make


@pytest.fixture
def server(source: Source) -> Iterator[GitServer]:
    """A server of the source."""
    with git_server(source.bare.parent) as served:
        yield served


@pytest.fixture
def daemon(server: GitServer) -> int:
    """Its port."""
    return server.port


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def bad_line(port: int, limit: int, then: str) -> Iterator[int]:
    """A port that leads to ``port``, and after ``limit`` bytes of answers is cut, or stalls, or drips 1 kB/s."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = _BadLine(server, port, limit, then)
        threading.Thread(target=line.accept, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            line.over.set()
            server.shutdown(socket.SHUT_RDWR)


class _BadLine:
    def __init__(self, server: socket.socket, port: int, limit: int, then: str) -> None:
        self.over = threading.Event()
        self._server, self._port, self._limit, self._then = server, port, limit, then

    def accept(self) -> None:
        with suppress(OSError):
            while not self.over.is_set():
                client, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._port)) as upstream:
            threading.Thread(target=self._questions, args=(client, upstream), daemon=True).start()
            with suppress(OSError):
                self._answers(client, upstream)
            for end in (client, upstream):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _questions(self, client: socket.socket, upstream: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                upstream.sendall(data)

    def _answers(self, client: socket.socket, upstream: socket.socket) -> None:
        sent = 0
        while not self.over.is_set() and (data := upstream.recv(512)):
            if sent + len(data) > self._limit:
                if self._then == "cut":
                    return
                self.over.wait(0.5 if self._then == "drip" else 60)
            client.sendall(data)
            sent += len(data)
