"""Start git so that nothing of the outside, and nothing of a repository, can steer, hang or outlive it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # a missing git is told when it is needed, not at import

import git

from hookserver.errors import GitError
from hookserver.state.atomic_write import write_atomically
from hookserver.state.deploy_processes import TAG

_SSH = (
    "ssh -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=10 -o ServerAliveCountMax=3"
    " -o ControlMaster=no -o ControlPath=none"
)
_RULES = """\
[safe]
	directory = *
[core]
	hooksPath = /dev/null
	fsmonitor = false
	logAllRefUpdates = false
	askPass =
[protocol "ext"]
	allow = never
[http]
	lowSpeedLimit = 1
	lowSpeedTime = 60
[gc]
	autoDetach = false
[submodule]
	recurse = false
[uploadpack]
	allowAnySHA1InWant = true
"""


@dataclass(frozen=True)
class Answer:
    """How a git process ended: its exit status and what it said."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Shell:
    """Starts git processes for one deploy; ``folder`` holds the two configuration files they read.

    ``tag`` stands in the environment of each as ``HOOKSERVER_DEPLOY``, see `kill_orphans`.
    """

    folder: Path
    tag: str

    def local(self, arguments: Sequence[str | Path], ends: float, cwd: Path = Path("/")) -> Answer:
        """Git that never leaves this machine: no configuration but ours is read, so no filter can be known to it."""
        config = self._config_file("local.gitconfig", _RULES)
        return run(arguments, {**environment(self.tag, config), "GIT_CONFIG_NOSYSTEM": "1"}, ends, cwd)

    def remote(self, arguments: Sequence[str | Path], ends: float, extra: Mapping[str, str]) -> Answer:
        """Git that talks to the app's server: with the proxy, CA and credential helpers of the system and the user."""
        config = self._config_file("remote.gitconfig", include(_users_config(os.environ)) + _RULES)
        return run(arguments, {**environment(self.tag, config), **extra}, ends, Path("/"))

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
                f"{file} cannot be written: {error.strerror}", "Mend server.state_dir or its disk."
            ) from error
        return file


def environment(tag: str, config: Path) -> dict[str, str]:
    """What every git process finds: our configuration, no way to ask a person anything, known protocols alone."""
    return {
        TAG: tag,
        "HOME": os.path.expanduser("~"),  # noqa: PTH111 - never raises, even for a user without an entry
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
        "GIT_SSH_COMMAND": _SSH,
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_OPTIONAL_LOCKS": "0",
    }


def include(files: Sequence[Path]) -> str:
    """Configuration text that takes in these files, where they exist; what stands after it overrules them."""
    quoted = (str(file).replace("\\", "\\\\").replace('"', '\\"') for file in files)
    return "".join(f'[include]\n\tpath = "{path}"\n' for path in quoted)


def without_outside(outside: Mapping[str, str], ours: Mapping[str, str]) -> list[str]:
    """The command prefix that takes away every ``GIT_*`` of the outside that ours does not overwrite."""
    unwanted = [name for name in outside if name.startswith("GIT_") and name not in ours]
    return ["env", *(f"--unset={name}" for name in unwanted)] if unwanted else []


def run(arguments: Sequence[str | Path], ours: Mapping[str, str], ends: float, cwd: Path) -> Answer:
    """Run git until it ends by itself; at ``ends`` (``time.monotonic()``) it and everything it started is killed.

    Raises GitError when it took too long or is not installed.
    """
    command = [*without_outside(os.environ, ours), "git", *map(str, arguments)]
    started = time.monotonic()
    try:
        guard = git.Git(cwd).execute(command, as_process=True, env=dict(ours), start_new_session=True)
    except git.GitCommandNotFound as error:
        raise GitError("git is not installed", "Install it: apt-get install git") from error
    process = guard.proc
    assert process is not None
    try:
        stdout, stderr = process.communicate(timeout=max(0.0, ends - started))
    except subprocess.TimeoutExpired:
        raise GitError(
            f"git {_verb(arguments)} was stopped: it did not end within {time.monotonic() - started:.0f} s",
            "Push again; when it stays so, look at the way to the git server (name, firewall, proxy, its load).",
        ) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return Answer(process.returncode, stdout.decode(errors="replace"), stderr.decode(errors="replace"))


def _users_config(outside: Mapping[str, str]) -> list[Path]:
    if named := outside.get("GIT_CONFIG_GLOBAL"):
        return [Path(named)]
    home = Path("~").expanduser()
    return [Path(outside.get("XDG_CONFIG_HOME") or home / ".config") / "git/config", home / ".gitconfig"]


def _verb(arguments: Sequence[str | Path]) -> str:
    return next((str(argument) for argument in arguments if not str(argument).startswith(("-", "/"))), "")
