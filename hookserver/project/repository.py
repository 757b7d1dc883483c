"""Reads a project's remote and branches from ``.git`` as text.

Running ``git`` in a foreign folder is unsafe: its config can name programs to run (git-config(1), safe.directory).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from hookserver.project.findings import Evidence

_LIMIT = 64 << 10
_SECTION = re.compile(r'\[remote "origin"\]')


def origin(root: Path) -> Evidence | None:
    """The URL of the remote ``origin``, without a password; None if there is none."""
    git_folder = _git_folder(root)
    in_origin = False
    for line in _text(git_folder / "config").splitlines() if git_folder else ():
        if line.lstrip().startswith("["):
            in_origin = bool(_SECTION.match(line.strip()))
        key, _, value = line.partition("=")
        url = value.strip().strip('"')
        if in_origin and url and key.strip().lower() == "url":
            return Evidence(_absolute(url, root), "the git remote origin")
    return None


def branches(root: Path) -> tuple[Evidence, ...]:
    """The default branch of ``origin`` and the branch that is checked out, as far as they are known."""
    git_folder = _git_folder(root)
    if git_folder is None:
        return ()
    default = _ref(git_folder / "refs" / "remotes" / "origin" / "HEAD", "refs/remotes/origin/")
    current = _ref(_worktree(root) / "HEAD", "refs/heads/")
    found = (Evidence(default, "the default branch of origin"), Evidence(current, "the branch checked out here"))
    return tuple(branch for branch in found[: 1 if default == current else 2] if branch.value)


def _git_folder(root: Path) -> Path | None:
    """The folder of config and remote refs: of a linked worktree, it is the common one (gitrepository-layout(5))."""
    folder = _worktree(root)
    common = _text(folder / "commondir").strip()
    folder = Path(os.path.normpath(folder / common)) if common else folder
    return folder if (folder / "config").is_file() else None


def _worktree(root: Path) -> Path:
    folder = root / ".git"
    target = _text(folder).removeprefix("gitdir:").strip() if folder.is_file() else ""
    return Path(os.path.normpath(root / target)) if target else folder


def _ref(file: Path, prefix: str) -> str:
    head = _text(file).strip().removeprefix("ref:").strip()
    return head.removeprefix(prefix) if head.startswith(prefix) else ""


def _absolute(url: str, root: Path) -> str:
    if url.startswith(("http://", "https://")):
        return re.sub(r"(?<=://)[^/]*@", "", url)
    if "://" in url or re.match(r"[^/]+@[^/]+:", url):
        return url
    host, colon, path = url.partition(":")
    if colon and "/" not in host:
        return f"ssh://{host}/{path.lstrip('/')}"
    return os.path.normpath(root.absolute() / url)


def _text(file: Path) -> str:
    try:
        if not file.is_file():
            return ""
        with file.open("rb") as opened:
            return opened.read(_LIMIT).decode("utf-8", "replace")
    except OSError:
        return ""
