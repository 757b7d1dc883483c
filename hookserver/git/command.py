"""Start git: neither the environment nor a repository controls it, and it neither hangs nor outlives a deploy."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # else `import git` fails without git installed

import git

from hookserver.errors import GitError
from hookserver.git.environment import RULES, environment, include, users_config, without_inherited
from hookserver.git.remote import TOO_LARGE
from hookserver.limits.child import FILE, limited_command
from hookserver.plain_text import plain
from hookserver.state.atomic_write import write_atomically

MEMORY = 2 << 30
"""Bytes of address space of each process of git: a small pack can unpack to any size."""
CPU = 1500
"""Seconds of CPU time of each process of git: the first fetch of a large repository indexes its whole history."""
OUTPUT = 16 << 20
"""Bytes that git may write to stdout."""
_STDERR = 16 << 10
"""Bytes of the end of stderr that are kept: a server can write to it without end."""
_STOPPED = {
    -signal.SIGXFSZ: f"it wrote a file of more than {FILE >> 30} GB",
    -signal.SIGXCPU: f"it used more than {CPU} s of CPU time",
}


class TooMuchOutput(GitError):
    """Raised when git was stopped because it wrote more than ``OUTPUT``."""


@dataclass(frozen=True)
class GitResult:
    """How a git command ended: its exit status, its output, and its messages as plain text."""

    status: int
    stdout: str
    stderr: str


# git.Repo is not used: it reads objects from `git cat-file` processes that stay, without a deadline for an answer;
# `GitCmdObjectDB` in https://github.com/gitpython-developers/GitPython/blob/main/git/db.py
class GuardedGit(git.Git):
    """GitPython's command object; `execute`, the one method that starts git, guards every process.

    ``guarded``: what git finds in its environment; it finds no other ``GIT_*``. ``ends``: when git is killed, together
    with everything that it started (``time.monotonic()``).
    """

    def __init__(self, folder: Path, guarded: Mapping[str, str], ends: float) -> None:
        super().__init__(folder)
        self._ends = ends
        self.update_environment(**guarded)

    def execute(self, command: Sequence[str], **options: Any) -> Any:  # type: ignore[override]  # fewer options
        """As GitPython's, for the options ``with_extended_output`` and ``with_exceptions``.

        Raises GitError when git does not end in time, or is not installed, TooMuchOutput.
        """
        guarded = [*without_inherited(os.environ, self.environment()), *command]
        answer = self._run(limited_command(guarded, MEMORY, FILE, CPU))
        if answer.status and options.get("with_exceptions", True):
            raise git.GitCommandError([*command], answer.status, answer.stderr, answer.stdout)
        return astuple(answer) if options.get("with_extended_output") else answer.stdout

    def _run(self, command: Sequence[str]) -> GitResult:
        """Without GitPython's ``kill_after_timeout``: it misses processes that start while it lists them."""
        started = time.monotonic()
        try:
            # A session of its own, so that one signal reaches everything in its process group: setsid(2), killpg(3).
            guard = super().execute(command, as_process=True, start_new_session=True)
        except git.GitCommandNotFound as error:
            raise GitError("git is not installed", "Install it: apt-get install git") from error
        process = guard.proc
        assert process is not None
        try:
            stdout, stderr = _output(process, self._ends)
            process.wait(max(0.0, self._ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise GitError(
                f"git {_verb(command)} was stopped: it did not end within {time.monotonic() - started:.0f} s",
                "Push again. If it happens again, check the connection to the git server: name, firewall, proxy, load.",
            ) from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            for pipe in filter(None, (process.stdout, process.stderr)):
                pipe.close()
        if process.returncode in _STOPPED:
            raise GitError(f"git {_verb(command)} was stopped: {_STOPPED[process.returncode]}", TOO_LARGE)
        return GitResult(process.returncode, stdout.decode(errors="replace"), plain(stderr.decode(errors="replace")))


def _output(process: Any, ends: float) -> tuple[bytearray, bytearray]:
    """The whole stdout, and the end of stderr. Raises TooMuchOutput, TimeoutExpired."""
    stdout, stderr = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, stdout)
        selector.register(process.stderr, selectors.EVENT_READ, stderr)
        while selector.get_map():
            left = ends - time.monotonic()
            ready = selector.select(left) if left > 0 else []
            if not ready:
                raise subprocess.TimeoutExpired("git", left)
            for key, _ in ready:
                part = os.read(key.fd, 1 << 16)
                if not part:
                    selector.unregister(key.fileobj)
                key.data.extend(part)
            del stderr[:-_STDERR]
            if len(stdout) > OUTPUT:
                raise TooMuchOutput(f"git was stopped: it wrote more than {OUTPUT >> 20} MB of output", TOO_LARGE)
    return stdout, stderr


def ask(command: Callable[..., Any], *arguments: str | Path) -> GitResult:
    """Run a command of a `GuardedGit`, such as ``git.fetch``. A failure is an answer, too.

    Raises GitError when git does not end in time, or is not installed, TooMuchOutput.
    """
    try:
        return GitResult(*command(*arguments, with_extended_output=True, with_exceptions=False))
    except (git.UnsafeOptionError, git.UnsafeProtocolError) as error:
        return GitResult(128, "", f"fatal: {error}")


@dataclass(frozen=True)
class Guard:
    """Hands out git for one deploy; ``folder`` holds the two configuration files that git reads.

    ``tag`` is in the environment of each process as ``HOOKSERVER_DEPLOY``, see `kill_orphans`.
    """

    folder: Path
    tag: str

    def local(self, ends: float, git_dir: Path | None = None, work_tree: Path | None = None) -> GuardedGit:
        """Git that never leaves this machine: it reads no configuration but ours, so it knows no filter.

        Raises GitError when our configuration cannot be written.
        """
        config = self._config_file("local.gitconfig", RULES)
        more = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_ALLOW_PROTOCOL": "file"}
        return self._git(ends, config, more, git_dir, work_tree)

    def remote(self, ends: float, access: Mapping[str, str], git_dir: Path | None = None) -> GuardedGit:
        """Git that asks the app's repository: with the proxy, CA and credential helpers of the system and the user.

        ``access`` is the environment that it needs for that; without one, it reads no repository of this machine.
        Raises GitError when our configuration cannot be written.
        """
        config = self._config_file("remote.gitconfig", include(users_config(os.environ)) + RULES)
        return self._git(ends, config, {"GIT_ALLOW_PROTOCOL": "https:http:ssh", **access}, git_dir)

    def _git(
        self, ends: float, config: Path, more: Mapping[str, str], git_dir: Path | None, work_tree: Path | None = None
    ) -> GuardedGit:
        # Without GIT_DIR git searches the folders above for a repository, and there may be one: git(1).
        places = {"GIT_DIR": git_dir, "GIT_WORK_TREE": work_tree}
        named = {name: str(place) for name, place in places.items() if place}
        return GuardedGit(Path("/"), {**environment(self.tag, config), **more, **named}, ends)

    def _config_file(self, name: str, text: str) -> Path:
        file = self.folder / name
        with contextlib.suppress(OSError):
            if file.read_text() == text:
                return file
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(file, text)
        except OSError as error:
            raise GitError(
                f"{file} cannot be written: {error.strerror}", "Fix server.state_dir or its disk."
            ) from error
        return file


def _verb(command: Sequence[str]) -> str:
    """The subcommand: the first argument after git that is no option and no value of ``-c``."""
    arguments = command[command.index("git") + 1 :]
    return next((one for one in arguments if not one.startswith("-") and "=" not in one), "")
