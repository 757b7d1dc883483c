"""The developer's side: a working copy that is committed to and pushed."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.shop.wars import war

_BUILD = "sleep {seconds}; mkdir -p target; cp app.war target/app.war\n"


@dataclass(frozen=True)
class Pushed:
    """A ``git push``: the commit, what the pusher's terminal showed, and the deploy's number (0: none was queued)."""

    commit: str
    output: str

    @property
    def deploy(self) -> int:
        found = re.search(r"queued as deploy (\d+)", self.output)
        return int(found[1]) if found else 0


@dataclass(frozen=True)
class ShopProject:
    """An app's working copy in ``folder``, pushed to ``remote`` (the bare repository)."""

    app: str
    folder: Path
    remote: Path

    def commit(self, files: Mapping[str, bytes | str], message: str = "Change") -> str:
        """Commit exactly these files; returns the commit."""
        if not self.folder.exists():
            self.folder.mkdir(parents=True)
            self._git("init", "--quiet", "--initial-branch=main")
        self._git("rm", "-r", "--quiet", "--cached", "--ignore-unmatch", ".")
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            self._git("add", "--force", "--", name)
        self._git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.tip()

    def tip(self) -> str:
        """The working copy's commit."""
        return self._git("rev-parse", "HEAD").strip()

    def release(self, version: str, health: str = "", start: str = "", build_seconds: float = 0) -> str:
        """Commit a version of the shop; its build, where the app has one, takes ``build_seconds``."""
        content = war(version, health, start)
        return self.commit({"app.war": content, "build.sh": _BUILD.format(seconds=build_seconds)}, version)

    def push(self) -> Pushed:
        """Push, and wait until the deploy has ended, as a person would."""
        return self.finish(self.push_in_background())

    def push_in_background(self) -> subprocess.Popen[str]:
        """Push; the process, which leads a group of its own, ends with the deploy."""
        return subprocess.Popen(
            ["git", "push", "--quiet", "--force", str(self.remote), "main"],
            cwd=self.folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def publish(self) -> None:
        """Put the commit into the bare repository, which is created if it is missing; no hook runs."""
        if not self.remote.exists():
            self._git("init", "--quiet", "--bare", "--initial-branch=main", str(self.remote))
        into = ["-C", str(self.remote), "-c", "safe.directory=*"]
        self._git(*into, "fetch", "--quiet", "--force", str(self.folder), "+main:main")

    def finish(self, pushing: subprocess.Popen[str], seconds: float = 200) -> Pushed:
        """The outcome of a push in the background."""
        output, _ = pushing.communicate(timeout=seconds)
        assert pushing.returncode == 0, output
        return Pushed(self.tip(), output)

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=_environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    names = {"GIT_AUTHOR_NAME": "Test", "GIT_AUTHOR_EMAIL": "test@example.com"}
    names |= {"GIT_COMMITTER_NAME": "Test", "GIT_COMMITTER_EMAIL": "test@example.com"}
    return {**kept, **names, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
