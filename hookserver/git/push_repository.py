"""A bare repository on this machine that people push to.

Those who push may write below ``objects``, ``refs/heads`` and ``refs/tags``, and nowhere else: its configuration and
its hooks say what runs at the next push of somebody else.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hookserver.errors import GitError
from hookserver.git.command import Guard, ask
from hookserver.git.origin import Origin
from hookserver.state.atomic_write import write_atomically

_DEADLINE = 30.0
_COPY_DEADLINE = 120.0
"""Less than the task that copies may take: one that is killed would begin anew, and not say why."""
_LOCK_AGE = 60.0
"""Seconds after which a lock of the configuration is left from a killed git: a change takes milliseconds."""
_BRANCH = "refs/hookserver/branch"
"""Where ``HEAD`` points to, and what points to the branch. A push to what ``HEAD`` itself names would lock ``HEAD``, in
the folder where no pusher may write: ``split_head_update`` in git's refs/files-backend.c."""
_FOLDERS = {
    "refs": 0o2750,
    "refs/hookserver": 0o2750,
    "refs/heads": 0o2770,
    "refs/tags": 0o2770,
    "hooks": 0o2750,
    # Sticky: nobody replaces objects/info, where alternates would be. inode(7)
    "objects": 0o3770,
    "objects/info": 0o2750,
    "objects/pack": 0o2770,
}
"""The mode of each folder with a group; set-group-ID lets what is made there have the same group."""
_OWNER = 0o700


@dataclass(frozen=True)
class PushRepository:
    """The repository at ``path``, whose folder above nobody else may write to.

    ``socket`` is where its ``hook``, the text of a post-receive hook, reaches the API with the token in ``token_file``.
    ``group``: the number of the group whose members may push; None: only hookserver's own user may.
    """

    path: Path
    branch: str
    app: str
    socket: Path
    token_file: Path
    hook: str
    group: int | None = None

    def ensure(self) -> None:
        """Create it, or update its hook and settings; pushed commits are never changed.

        When the group is another one than before, it is copied. Raises GitError when the folder has something else in
        it, or cannot be written.
        """
        try:
            self._undo_exchange()
            if self.path.is_symlink() or (self.path.exists() and not self._is_bare() and not self._is_empty()):
                raise GitError(
                    f"{self.path} exists, and is not a bare git repository",
                    "Move it away; a new one is created in its place.",
                )
            if not self._is_ours():
                self._make()
            self._update(self.path)
        except OSError as error:
            raise GitError(
                f"{self.path} cannot be written: {error}", "Fix server.state_dir, its owner or its disk."
            ) from error

    @property
    def _mode(self) -> int:
        return _OWNER if self.group is None else 0o2750

    def _is_bare(self) -> bool:
        return (self.path / "HEAD").is_file()

    def _is_empty(self) -> bool:
        return self.path.is_dir() and not any(self.path.iterdir())

    def _is_ours(self) -> bool:
        """Whether it is complete, and has been made for this group: since then, only we could write to its folder."""
        if not all((self.path / part).exists() for part in ("HEAD", "config", *_FOLDERS)):
            return False
        found = self.path.stat()
        has_group = self.group is None or found.st_gid == self.group
        return found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) == self._mode and has_group

    def _make(self) -> None:
        """Create it beside its place, with the commits of the one that is there, and exchange the two."""
        fresh, old = self.path.with_suffix(".new"), self._old
        for left in (fresh, old):
            shutil.rmtree(left, ignore_errors=True)
        fresh.mkdir(mode=_OWNER)  # closed until it is complete
        arguments = ("--quiet", "--bare", "--template=", f"--initial-branch={self.branch}", "--", fresh)
        self._git("created", "init", arguments, "Fix server.state_dir, its owner or its disk.")
        for name, mode in _FOLDERS.items():
            (fresh / name).mkdir(exist_ok=True)
            os.chown(fresh / name, -1, -1 if self.group is None else self.group)
            (fresh / name).chmod(mode & _OWNER if self.group is None else mode)
        self._update(fresh)
        has_commits = self._is_bare() and (self.path / "objects").is_dir()
        if has_commits:
            self._copy(self.path, fresh)
        for path in (fresh, fresh / "HEAD", fresh / "config"):
            os.chown(path, -1, -1 if self.group is None else self.group)
        (fresh / "config").chmod(0o640)
        fresh.chmod(self._mode)
        if self.path.exists():
            self.path.rename(old)
        if has_commits:  # what was pushed meanwhile
            self._copy(old, fresh)
        fresh.rename(self.path)
        shutil.rmtree(old, ignore_errors=True)

    @property
    def _old(self) -> Path:
        return self.path.with_suffix(".old")

    def _undo_exchange(self) -> None:
        """Put back what a killed exchange has moved away: it has every commit."""
        if self._old.is_dir() and not self.path.exists():
            self._old.rename(self.path)

    def _copy(self, source: Path, fresh: Path) -> None:
        """Fetch the branches and tags: a copy of files would bring links and alternates with it."""
        options = ("--quiet", "--no-write-fetch-head", "--no-auto-gc")
        refs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        origin = Origin(str(source.absolute()), Guard(self.path.parent, tag=""), in_state_dir=True)
        answer = origin.ask(time.monotonic() + _COPY_DEADLINE, "fetch", options, *refs, into=fresh)
        if answer.status:
            raise GitError(
                f"{self.path} must be made anew, and its branches cannot be copied: {answer.stderr.strip()}",
                "Move it away; a new one is created in its place, to which everything must be pushed again.",
            )

    def _update(self, path: Path) -> None:
        _clear_lock(path / "config.lock")
        _write(path / _BRANCH, f"ref: refs/heads/{self.branch}\n", 0o640)
        _write(path / "HEAD", f"ref: {_BRANCH}\n", 0o640)
        shared = self.group is not None
        self._configure(
            path,
            {
                # A core.hooksPath in the pusher's own configuration would hide the hook: git-config(1).
                "core.hooksPath": str(self.path.absolute() / "hooks"),
                "core.sharedRepository": "0660" if shared else "0600",
                # A forced push is a push, whatever the machine's configuration says.
                "receive.denyNonFastForwards": "false",
                # Both would write to the repository's folder.
                "receive.denyDeletes": str(shared).lower(),
                "receive.autogc": str(not shared).lower(),
                "transfer.hideRefs": _BRANCH.rpartition("/")[0],
                "hookserver.app": self.app,
                "hookserver.branch": self.branch,
                "hookserver.socket": str(self.socket),
                "hookserver.tokenFile": str(self.token_file),
            },
        )
        # Last: a hook without its configuration would report every push as not deployed.
        _write(path / "hooks/post-receive", self.hook, 0o750)

    def _configure(self, path: Path, wanted: Mapping[str, str]) -> None:
        config = ("--file", path / "config")
        remedy = f"Fix {path / 'config'}; or move {path.name} away, and a new one is created in its place."
        listed = self._git("read", "config", (*config, "--null", "--list"), remedy)
        found = dict(entry.partition("\n")[::2] for entry in listed.split("\0"))
        for key, value in wanted.items():
            if found.get(key.lower()) != value:
                self._git("configured", "config", (*config, "--replace-all", key, value), remedy)

    def _git(self, done: str, command: str, arguments: Sequence[str | Path], remedy: str) -> str:
        """Git's output. Raises GitError, which begins with what cannot be ``done`` to the repository."""
        git = Guard(self.path.parent, tag="").local(time.monotonic() + _DEADLINE)
        answer = ask(getattr(git, command), *arguments)
        if answer.status:
            raise GitError(f"{self.path} cannot be {done}: {answer.stderr.strip()}", remedy)
        return answer.stdout


def _write(file: Path, text: str, mode: int) -> None:
    data = text.encode()
    if file.is_file() and file.read_bytes() == data and file.stat().st_mode & 0o777 == mode:
        return
    write_atomically(file, data, mode=mode)


def _clear_lock(lock: Path) -> None:
    if lock.exists() and time.time() - lock.stat().st_mtime > _LOCK_AGE:
        lock.unlink(missing_ok=True)
