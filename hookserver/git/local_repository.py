"""A repository of this machine: git reads it with the rights of whoever may write to it.

Its links, its alternates and its configuration lead git to other files. Read as root, it would show one app the private
objects of another: gitrepository-layout(5), objects/info/alternates.
"""

from __future__ import annotations

import os
import pwd
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path

from hookserver.errors import GitError
from hookserver.git.environment import SENDING, in_environment
from hookserver.state.deploy_processes import TAG

_MOST_LINKS = 40
"""path_resolution(7)."""
_WRITTEN_BY_PUSHES = ("", "objects", "objects/info", "objects/pack", "refs", "refs/heads")
_ALTERNATES = ("objects/info/alternates", "objects/info/http-alternates")


@dataclass(frozen=True)
class Reader:
    """The user and the group as which git reads a repository."""

    user: int
    group: int


def settings_for_reading(path: Path, tag: str, *, in_state_dir: bool = False) -> dict[str, str]:
    """The environment in which git reads the repository at ``path``, as the remote `name_of` it, and no other.

    Root's git reads it with the rights of its writers alone. Of one that is ``in_state_dir``, the folders above count
    for nothing: whoever may write there has hookserver itself. The processes carry ``tag``. Raises GitError when the
    repository borrows objects of another one.
    """
    _refuse_alternates(path)
    find = find_writer if in_state_dir else find_reader
    reader = find(path) if os.geteuid() == 0 else None
    command = [*(_as(reader) if reader else ()), *_clean_environment(path, tag), "git", "upload-pack"]
    # git runs uploadpack by a shell, and adds the path: git-config(1), remote.<name>.uploadpack.
    return {
        "GIT_ALLOW_PROTOCOL": "file",
        **in_environment(
            (f"remote.{name_of(path)}.url", str(path)), (f"remote.{name_of(path)}.uploadpack", shlex.join(command))
        ),
    }


def name_of(path: Path) -> str:
    """The repository's name as a remote: git takes no configuration of one that is named by its path."""
    return path.name or "repository"


def find_reader(path: Path) -> Reader | None:
    """Who may write to the repository, or lead the path to another one; None: nobody but root.

    Of a folder that root shares with a group, it is the user ``nobody`` with that group.
    """
    current, waiting, links = Path("/"), list(path.absolute().parts[1:]), 0
    while waiting:
        name = waiting.pop(0)
        if name == "..":
            current = current.parent
            continue
        try:
            found = (current / name).lstat()
        except OSError:
            return None  # git says what is wrong
        if stat.S_ISLNK(found.st_mode) and found.st_uid == 0 and links < _MOST_LINKS:
            links += 1
            target = (current / name).readlink()
            waiting = [*target.parts[target.is_absolute() :], *waiting]
            current = Path("/") if target.is_absolute() else current
        elif writer := _writer(found):
            return writer
        else:
            current = current / name
    return find_writer(current)


def find_writer(repository: Path) -> Reader | None:
    """Who may write to the parts of a repository whose folder is root's; also of one with a work tree."""
    for part in (repository / top / name for top in ("", ".git") for name in _WRITTEN_BY_PUSHES):
        try:
            found = part.lstat()
        except OSError:
            continue
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
            return Reader(_nobody(), repository.stat().st_gid)
    return None


def _writer(found: os.stat_result) -> Reader | None:
    """Who else than root may replace what is in this folder. The sticky bit protects what is root's: inode(7)."""
    if found.st_uid != 0:
        return Reader(found.st_uid, found.st_gid)
    shared = found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX
    return Reader(_nobody(), found.st_gid) if shared else None


def _nobody() -> int:
    return pwd.getpwnam("nobody").pw_uid


def _as(reader: Reader) -> list[str]:
    """The command of util-linux that gives up root's rights for good: setpriv(1)."""
    return ["setpriv", f"--reuid={reader.user}", f"--regid={reader.group}", "--clear-groups", "--no-new-privs"]


def _clean_environment(path: Path, tag: str) -> list[str]:
    """``env -i``: no configuration but ours for sending, and that this one repository may be another user's."""
    variables = {
        "PATH": os.environ.get("PATH", os.defpath),
        TAG: tag,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **in_environment(("safe.directory", str(path)), *SENDING),
    }
    return ["env", "-i", *(f"{name}={value}" for name, value in variables.items())]


def _refuse_alternates(path: Path) -> None:
    for file in (path / top / name for top in ("", ".git") for name in _ALTERNATES):
        if os.path.lexists(file):
            raise GitError(
                f"{path} borrows objects of another repository: it has {file.relative_to(path)}",
                f"Give it objects of its own: in it, run `git repack -a -d`, then remove {file}.",
            )
