"""The repository that an app's commits come from, as git asks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hookserver.errors import GitError
from hookserver.git import redirect
from hookserver.git.command import GitResult, Guard, ask
from hookserver.git.local_repository import name_of, settings_for_reading
from hookserver.git.remote import explained, output_excerpt, parse_remote


class Origin:
    """Asks ``repository``, an address or a path of this machine, also where its server has moved it.

    ``remote`` is where it is now; ``in_state_dir``: it is one of hookserver's own.
    """

    def __init__(self, repository: str, guard: Guard, *, in_state_dir: bool = False) -> None:
        self.remote = parse_remote(repository)
        self._guard = guard
        self._in_state_dir = in_state_dir

    def ask(self, ends: float, command: str, options: Sequence[str], *refs: str, into: Path | None = None) -> GitResult:
        """Git's answer for ``command``, which reads the repository, for a fetch ``into`` another one.

        Raises GitError when its server redirects to another one, or when it borrows the objects of another repository.
        """
        if self.remote.is_local:
            path = Path(self.remote.url)
            access = settings_for_reading(path, self._guard.tag, in_state_dir=self._in_state_dir)
            git = self._guard.remote(ends, access, into)
            return ask(getattr(git, command), *options, "--", name_of(path), *refs)
        for _ in range(redirect.MOST):
            git = self._guard.remote(ends, self.remote.environment, into)
            answer = ask(getattr(git, command), *options, "--", self.remote.url, *refs)
            if not redirect.is_redirect(answer.stderr):
                break
            traced = self._guard.remote(ends, {**self.remote.environment, **redirect.TRACE})
            trace = ask(traced.ls_remote, "--quiet", "--", self.remote.url).stderr
            self.remote = replace(self.remote, url=redirect.redirected(self.remote, trace))
        return answer

    def failure(self, what: str, answer: GitResult) -> GitError:
        """The error for an answer that was none; ``what`` cannot be done, where its cause is unknown."""
        error = explained(answer.stderr, self.remote)
        return error or GitError(
            f"{self.remote}: {what}\n{output_excerpt(answer.stderr, self.remote)}",
            f"Run this as hookserver's user: git ls-remote {self.remote}",
        )
