"""A bare repository on this machine that people push to."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from hookserver.errors import GitError
from hookserver.git.command import Guard, ask
from hookserver.state.atomic_write import write_atomically

_DEADLINE = 30.0
_LOCK_AGE = 60.0
"""Seconds after which a lock of the configuration is left from a killed git: a change takes milliseconds."""


def ensure_push_repository(path: Path, branch: str, app: str, url: str, token_file: Path, hook: str) -> None:
    """Create the bare repository ``path``, or update its hook and settings; pushed commits are never changed.

    ``hook`` is the text of its post-receive hook, which reads ``app``, ``url`` and ``token_file`` from the repository's
    configuration. Raises GitError when the folder has something else in it, or cannot be written.
    """
    try:
        if path.exists() and not (path / "HEAD").is_file() and (not path.is_dir() or any(path.iterdir())):
            raise GitError(
                f"{path} exists, and is not a bare git repository", "Move it away; a new one is created in its place."
            )
        _clear_lock(path / "config.lock")
        if not all((path / part).exists() for part in ("HEAD", "objects", "refs", "config")):
            _make(path, branch)
        _write(path / "HEAD", f"ref: refs/heads/{branch}\n", 0o644)
        _configure(
            path,
            {
                # A core.hooksPath in the pusher's own configuration would hide the hook: git-config(1).
                "core.hooksPath": str(path.absolute() / "hooks"),
                # A forced push is a push, whatever the machine's configuration says.
                "receive.denyNonFastForwards": "false",
                "hookserver.app": app,
                "hookserver.url": url,
                "hookserver.tokenFile": str(token_file),
            },
        )
        # Last: a hook without its configuration would report every push as not deployed.
        _write(path / "hooks/post-receive", hook, 0o755)
    except OSError as error:
        raise GitError(f"{path} cannot be written: {error}", "Fix server.state_dir, its owner or its disk.") from error


def _make(path: Path, branch: str) -> None:
    arguments = ("--quiet", "--bare", "--template=", f"--initial-branch={branch}", "--", path)
    _git(path, "created", "init", arguments, "Fix server.state_dir, its owner or its disk.")


def _write(file: Path, text: str, mode: int) -> None:
    data = text.encode()
    if file.is_file() and file.read_bytes() == data and file.stat().st_mode & 0o777 == mode:
        return
    file.parent.mkdir(exist_ok=True)
    write_atomically(file, data, mode=mode)


def _clear_lock(lock: Path) -> None:
    if lock.exists() and time.time() - lock.stat().st_mtime > _LOCK_AGE:
        lock.unlink(missing_ok=True)


def _configure(path: Path, wanted: Mapping[str, str]) -> None:
    config = ("--file", path / "config")
    remedy = f"Fix {path / 'config'}; or move {path.name} away, and a new one is created in its place."
    listed = _git(path, "read", "config", (*config, "--null", "--list"), remedy)
    found = dict(entry.partition("\n")[::2] for entry in listed.split("\0"))
    for key, value in wanted.items():
        if found.get(key.lower()) != value:
            _git(path, "configured", "config", (*config, "--replace-all", key, value), remedy)


def _git(path: Path, done: str, command: str, arguments: Sequence[str | Path], remedy: str) -> str:
    """Git's output. Raises GitError, which begins with what cannot be ``done`` to the repository."""
    git = Guard(path.parent, tag="").local(time.monotonic() + _DEADLINE)
    answer = ask(getattr(git, command), *arguments)
    if answer.status:
        raise GitError(f"{path} cannot be {done}: {answer.stderr.strip()}", remedy)
    return answer.stdout
