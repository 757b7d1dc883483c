"""A bare repository of our own that people push to."""

from __future__ import annotations

import os
import time
from pathlib import Path

import git

from hookserver.errors import GitError
from hookserver.git.command import Shell


def was_pushed_to(path: Path) -> bool:
    """Whether the bare repository has a branch by now."""
    return (path / "packed-refs").exists() or any(file.is_file() for file in (path / "refs/heads").rglob("*"))


def ensure_push_repository(path: Path, branch: str, app: str, url: str, token_file: Path, hook: str) -> None:
    """Make the bare repository ``path``, or bring what is there up to date; what was pushed is never touched.

    ``hook`` is the text of its post-receive; ``app``, ``url`` and ``token_file`` are what that hook reads from the
    repository's configuration. Raises GitError when the folder holds something else, or cannot be written.
    """
    if path.exists() and not (path / "HEAD").is_file() and any(path.iterdir()):
        raise GitError(
            f"{path} is there, and is no bare git repository", "Move it away; a new one is made in its place."
        )
    try:
        if not all((path / part).exists() for part in ("HEAD", "objects", "refs", "config")):
            _make(path, branch)
        _write(path / "HEAD", f"ref: refs/heads/{branch}\n", 0o644)
        _write(path / "hooks/post-receive", hook, 0o755)
        _configure(
            path / "config",
            {
                ("core", "hooksPath"): str(path.absolute() / "hooks"),
                ("receive", "denyNonFastForwards"): "false",
                ("hookserver", "app"): app,
                ("hookserver", "url"): url,
                ("hookserver", "tokenFile"): str(token_file),
            },
        )
    except OSError as error:
        raise GitError(f"{path} cannot be written: {error}", "Mend server.state_dir, its owner or its disk.") from error


def _make(path: Path, branch: str) -> None:
    arguments = ["init", "--quiet", "--bare", "--template=", f"--initial-branch={branch}", "--", str(path)]
    answer = Shell(path.parent, tag="").local(arguments, time.monotonic() + 30)
    if answer.status:
        raise GitError(
            f"{path} cannot be made: {answer.stderr.strip()}", "Mend server.state_dir, its owner or its disk."
        )


def _write(file: Path, text: str, mode: int) -> None:
    if file.is_file() and file.read_text(encoding="utf-8") == text and file.stat().st_mode & 0o777 == mode:
        return
    file.parent.mkdir(exist_ok=True)
    written = file.with_name(f"{file.name}.{os.getpid()}")
    written.write_text(text, encoding="utf-8")
    written.chmod(mode)
    written.replace(file)


def _configure(file: Path, wanted: dict[tuple[str, str], str]) -> None:
    with git.GitConfigParser(file, read_only=True) as reader:
        missing = {key: value for key, value in wanted.items() if reader.get(*key, fallback=None) != value}
    if missing:
        with git.GitConfigParser(file, read_only=False) as writer:
            for (section, option), value in missing.items():
                writer.set_value(section, option, value)
