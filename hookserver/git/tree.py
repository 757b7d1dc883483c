"""A checked-out tree of a repository that may be hostile."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from hookserver.errors import GitError

ENTRIES = 100_000
SIZE = 2 << 30
"""Files and folders of a commit, and bytes of all files: a checkout must not fill this machine's disk."""
DEPTH = 100
"""Folders inside each other: ``shutil.rmtree`` cannot remove a thousand."""
_ATTRIBUTES = 1 << 20


def check_listing(listing: str, commit: str) -> None:
    """Raise GitError for more than ``ENTRIES``, ``SIZE`` or ``DEPTH`` in the output of ``git ls-tree -r -t -l -z``."""
    entries, size, depth = 0, 0, 0
    # "mode type object size", a tab, the path; the size is "-" for folders and submodules: git-ls-tree(1).
    for entry in listing.split("\0"):
        entries += 1
        facts, _, path = entry.partition("\t")
        digits = facts.rpartition(" ")[2]
        size += int(digits) if digits.isdecimal() else 0
        depth = max(depth, path.count("/"))
    if entries > ENTRIES or size > SIZE or depth > DEPTH:
        raise too_large(commit)


def too_large(commit: str) -> GitError:
    """The error for a commit that is not checked out."""
    return GitError(
        f"{commit[:12]} is not checked out: it has more than {ENTRIES} files and folders, {SIZE >> 30} GB, or {DEPTH} "
        "folders inside each other",
        "Remove generated files from the repository.",
    )


def tame(tree: Path) -> list[str]:
    """Turn every symbolic link that leads out of the tree, or in circles, into a plain file with its text.

    Returns notes for the deploy's log: such links, and what is not fetched.
    """
    root = os.path.realpath(tree)
    notes = [
        f"{link} leads out of the repository, or in circles: replaced by a plain file" for link in _cut_links(root)
    ]
    if (tree / ".gitmodules").is_file():
        notes.append("submodules are not fetched: their folders stay empty")
    if _has_lfs(tree / ".gitattributes"):
        notes.append("Git LFS files are not fetched: the build sees their pointer files")
    return notes


def _cut_links(root: str) -> Iterator[str]:
    for path in _links(root):
        if _leads_out(path, root):
            text = os.readlink(path)  # noqa: PTH115 - Path.readlink() would normalise the text
            link = Path(path)
            link.unlink()
            link.write_text(text, encoding="utf-8", errors="surrogateescape")
            yield os.path.relpath(path, root)


def _leads_out(link: str, root: str) -> bool:
    # The kernel follows 40 links at most, path_resolution(7). realpath() has no limit, and would take hours.
    try:
        os.stat(link)  # noqa: PTH116 - of many paths
    except OSError as error:
        if error.errno == errno.ELOOP:
            return True
    target = os.path.realpath(link)
    return target != root and not target.startswith(root + os.sep)


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
    if not attributes.is_file() or attributes.is_symlink():
        return False
    with attributes.open("rb") as file:
        return b"filter=lfs" in file.read(_ATTRIBUTES)
