"""A checked-out tree of a repository that may be hostile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def tame(tree: Path) -> list[str]:
    """Turn every symbolic link that leads out of the tree into a plain file with its text.

    Returns notes for the deploy's log: such links, and what is not fetched.
    """
    root = os.path.realpath(tree)
    notes = [f"{link} leads out of the repository: replaced by a plain file" for link in _cut_links(root)]
    if (tree / ".gitmodules").is_file():
        notes.append("submodules are not fetched: their folders stay empty")
    if _has_lfs(tree / ".gitattributes"):
        notes.append("Git LFS files are not fetched: the build sees their pointer files")
    return notes


def _cut_links(root: str) -> Iterator[str]:
    for path in _links(root):
        target = os.path.realpath(path)
        if target != root and not target.startswith(root + os.sep):
            text = os.readlink(path)  # noqa: PTH115 - Path.readlink() would normalise the text
            link = Path(path)
            link.unlink()
            link.write_text(text, encoding="utf-8", errors="surrogateescape")
            yield os.path.relpath(path, root)


def _links(folder: str) -> Iterator[str]:
    """Every symbolic link below the folder; none is followed."""
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_symlink():
                    yield entry.path
                elif entry.is_dir(follow_symlinks=False) and entry.name != ".git":
                    waiting.append(entry.path)


def _has_lfs(attributes: Path) -> bool:
    return attributes.is_file() and not attributes.is_symlink() and b"filter=lfs" in attributes.read_bytes()
