"""An app's repository, mirrored on our disk: its tip, a fetch, a checkout of exactly one commit."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

from hookserver.errors import GitError, NotFound
from hookserver.git.command import GitResult, Guard, TooMuchOutput, ask
from hookserver.git.origin import Origin
from hookserver.git.remote import branch_missing, explained, parse_heads
from hookserver.git.tree import check_listing, tame, too_large
from hookserver.plain_text import plain

_FULL = re.compile(r"[0-9a-f]{40}")
_ASKED = re.compile(r"[0-9a-fA-F]{7,40}")
_LOCKS = ("*.lock", "refs/**/*.lock", "objects/*.lock", "objects/info/**/*.lock", "objects/pack/*.lock")
_LEFTOVERS = (*_LOCKS, "objects/pack/tmp_*", "objects/tmp_objdir-*", "gc.pid")
# No template: a machine's own may contain hooks. git-init(1)
_INIT = ("--quiet", "--template=")
_FETCH = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")


class Mirror:
    """The bare mirror of one branch of ``repository`` at ``path``, used by one process at a time.

    ``in_state_dir``: the repository is one of hookserver's own. ``tag`` is in the environment of every git process, so
    that `kill_orphans` finds those of a killed deploy. Each ``deadline`` is the time that the whole call may
    take, in seconds.
    """

    def __init__(self, path: Path, repository: str, branch: str, tag: str, *, in_state_dir: bool = False) -> None:
        self._path = path.absolute()
        self._branch = branch
        self._ref = f"refs/heads/{branch}"
        self._guard = Guard(self._path.parent, tag)
        self.origin = Origin(repository, self._guard, in_state_dir=in_state_dir)

    def tip(self, deadline: float) -> str:
        """The branch's current tip on the server. Raises GitError; EmptyRepository when there is no branch at all."""
        ends = time.monotonic() + deadline
        answer = self.origin.ask(ends, "ls_remote", ("--quiet",), self._ref)
        if answer.status:
            raise self.origin.failure("its tip cannot be read", answer)
        tip = parse_heads(answer.stdout).get(self._ref)
        if tip is None:
            raise self._branch_missing(ends)
        return tip

    def fetch(self, deadline: float) -> str:
        """Fetch the branch, also after a forced push, and return its tip. Creates or repairs the mirror where needed.

        Raises GitError; EmptyRepository when there is no branch at all.
        """
        ends = time.monotonic() + deadline
        if not (self._path / "HEAD").is_file():
            self._make(self._path, ends)
        _clear_leftovers(self._path)
        try:
            answer = self._fetch_branch(self._path, ends)
            tip = self._known(self._ref, ends) if answer.status == 0 else None
            # Of a local repository, both ends write the messages: those of a damaged mirror end in "hung up".
            unexplained = self.origin.remote.is_local or explained(answer.stderr, self.origin.remote) is None
            if tip is None and unexplained and not _lacks_branch(answer):
                self._remake(ends)
                tip = self._known(self._ref, ends)
        finally:
            _clear_leftovers(self._path)
        if tip is not None:
            return tip
        raise self._branch_missing(ends) if _lacks_branch(answer) else self.origin.failure("cannot be fetched", answer)

    def resolve(self, commit: str, deadline: float) -> str:
        """The full name of a commit that was requested by 7 to 40 of its hex digits.

        Raises NotFound when neither the mirror nor the server has it, GitError when git fails.
        """
        ends = time.monotonic() + deadline
        if not _ASKED.fullmatch(commit):
            raise GitError(f"{commit!r:.60} is not a commit", "Write 7 to 40 of its hex digits, see `git log`.")
        commit = commit.lower()
        if found := self._known_commit(commit, ends):
            return found
        self.fetch(ends - time.monotonic())
        if found := self._known_commit(commit, ends):
            return found
        if _FULL.fullmatch(commit):
            self._fetch(self._path, commit, ends)
            if found := self._known_commit(commit, ends):
                return found
        raise NotFound(
            f"{self.origin.remote} has no commit {commit} on {self._branch}",
            "Compare it with `git log`. A commit of another branch needs all 40 digits, and must be pushed.",
        )

    def checkout(self, commit: str, into: Path, deadline: float) -> list[str]:
        """Recreate the folder ``into`` with exactly this commit, and a small ``.git`` that has no other.

        It fetches neither submodules nor LFS files, turns links that lead out of the tree into plain files, and runs
        nothing of the repository. Returns notes about that for the deploy's log. Raises GitError.
        """
        ends = time.monotonic() + deadline
        if not _FULL.fullmatch(commit):
            raise GitError(f"{commit!r:.60} is not the full name of a commit", "Get it from `Mirror.resolve`.")
        answer = self._checkout_once(commit, into, ends)
        if answer.status and "No space left on device" not in answer.stderr:
            self._remake(ends)
            if self._known_commit(commit, ends) is None:
                self._fetch(self._path, commit, ends)
            answer = self._checkout_once(commit, into, ends)
        if answer.status:
            raise self.origin.failure(f"{commit[:12]} cannot be checked out", answer)
        return tame(into)

    def message(self, commit: str) -> str:
        """The commit's message as plain text; empty when the mirror does not have the commit."""
        if not _FULL.fullmatch(commit):
            return ""
        git = self._guard.local(time.monotonic() + 10, self._path)
        answer = ask(git.log, "-1", "--format=%B", "--no-show-signature", commit, "--")
        return plain(answer.stdout).strip() if answer.status == 0 else ""

    def _checkout_once(self, commit: str, into: Path, ends: float) -> GitResult:
        shutil.rmtree(into, ignore_errors=True)
        if (refused := self._check_tree(commit, ends)).status:
            return refused
        git = self._guard.local(ends, into / ".git", work_tree=into)
        answer = ask(self._guard.local(ends).init, *_INIT, f"--initial-branch={self._branch}", "--", into)
        if answer.status == 0:
            # Keep the pack: by default git unpacks fewer than 100 objects into a file each. git-config(1)
            packed = git(c="fetch.unpackLimit=1")
            answer = ask(packed.fetch, *_FETCH, "--no-auto-gc", "--depth=1", "--", self._path, commit)
        if answer.status == 0:
            answer = ask(git.reset, "--quiet", "--hard", commit, "--")
        return answer

    def _check_tree(self, commit: str, ends: float) -> GitResult:
        """Count the files of the commit, before any is written. Raises GitError when there is too much."""
        git = self._guard.local(ends, self._path)
        try:
            # A few trees inside each other can be any number of files; -t shows the trees, too: git-ls-tree(1).
            answer = ask(git.ls_tree, "-r", "-t", "-l", "-z", "--full-tree", commit)
        except TooMuchOutput as error:
            raise too_large(commit) from error
        if answer.status == 0:
            check_listing(answer.stdout, commit)
        return answer

    def _fetch_branch(self, mirror: Path, ends: float) -> GitResult:
        return self._fetch(mirror, f"+{self._ref}:{self._ref}", ends)  # +: also after a forced push, git-fetch(1)

    def _fetch(self, mirror: Path, refspec: str, ends: float) -> GitResult:
        return self.origin.ask(ends, "fetch", _FETCH, refspec, into=mirror)

    def _known(self, name: str, ends: float) -> str | None:
        """The commit of a full ref or a full commit name; None when the mirror does not have it."""
        git = self._guard.local(ends, self._path)
        # "^{commit}" fails for an object that is no commit: gitrevisions(7).
        answer = ask(git.rev_parse, "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return answer.stdout.strip() if answer.status == 0 else None

    def _known_commit(self, digits: str, ends: float) -> str | None:
        """As `_known`, but never a branch whose name is hex digits."""
        found = self._known(digits, ends) if self._path.is_dir() else None
        return found if found and found.startswith(digits) else None

    def _make(self, mirror: Path, ends: float) -> None:
        answer = ask(self._guard.local(ends).init, *_INIT, "--bare", "--", mirror)
        if answer.status:
            raise self.origin.failure(f"its mirror {mirror} cannot be created", answer)

    def _remake(self, ends: float) -> None:
        """Replace a mirror that git cannot use. The new one is created beside it, the old one removed at the end."""
        fresh, old = self._path.with_suffix(".new"), self._path.with_suffix(".old")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
        self._make(fresh, ends)
        answer = self._fetch_branch(fresh, ends)
        if answer.status:
            shutil.rmtree(fresh, ignore_errors=True)
            raise self.origin.failure("cannot be fetched", answer)
        if self._path.exists():
            self._path.rename(old)
        fresh.rename(self._path)
        shutil.rmtree(old, ignore_errors=True)

    def _branch_missing(self, ends: float) -> GitError:
        answer = self.origin.ask(ends, "ls_remote", ("--quiet", "--heads"))
        if answer.status:
            return self.origin.failure("its branches cannot be read", answer)
        return branch_missing(self.origin.remote, self._branch, parse_heads(answer.stdout))


def _lacks_branch(answer: GitResult) -> bool:
    return "couldn't find remote ref" in answer.stderr


def _clear_leftovers(mirror: Path) -> None:
    """Remove the locks and half-written packs that a killed git has left; no other git works here now."""
    for pattern in _LEFTOVERS:
        for leftover in mirror.glob(pattern):
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)
