"""Where the project's commits come from: read from ``.git`` as text, since git may run what a folder tells it to."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hookserver.project.findings import Evidence

_LIMIT = 64 << 10
_SECTION = re.compile(r'\[remote "origin"\]')


def origin(root: Path) -> Evidence | None:
    """The address of the remote ``origin``, without a password, as settings take it; None when there is none."""
    inside = _git_folder(root)
    in_origin = False
    for line in _text(inside / "config").splitlines() if inside else ():
        if line.lstrip().startswith("["):
            in_origin = bool(_SECTION.match(line.strip()))
        key, _, value = line.partition("=")
        url = value.strip().strip('"')
        if in_origin and url and key.strip().lower() == "url":
            return Evidence(_address(url, root), "the git remote origin")
    return None


def branches(root: Path) -> tuple[Evidence, ...]:
    """The remote's default branch, and the one that is checked out, where git tells them."""
    inside = _git_folder(root)
    if inside is None:
        return ()
    heads = (
        (_ref(inside / "refs" / "remotes" / "origin" / "HEAD", "refs/remotes/origin/"), "the default branch of origin"),
        (_ref(_worktree(root) / "HEAD", "refs/heads/"), "the branch checked out here"),
    )
    found = {name: Evidence(name, where) for name, where in reversed(heads) if name}
    return tuple(reversed(found.values()))


def _git_folder(root: Path) -> Path | None:
    """Where the config and the remotes' refs are: the common folder, for a linked worktree too."""
    inside = _worktree(root)
    common = _text(inside / "commondir").strip()
    inside = Path(os.path.normpath(inside / common)) if common else inside
    return inside if (inside / "config").is_file() else None


def _worktree(root: Path) -> Path:
    inside = root / ".git"
    named = _text(inside).removeprefix("gitdir:").strip() if inside.is_file() else ""
    return Path(os.path.normpath(root / named)) if named else inside


def _ref(file: Path, prefix: str) -> str:
    head = _text(file).strip().removeprefix("ref:").strip()
    return head.removeprefix(prefix) if head.startswith(prefix) else ""


def _address(url: str, root: Path) -> str:
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
