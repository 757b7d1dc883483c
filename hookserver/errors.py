"""The one tree of errors. Each class has its exit code and its HTTP status; each message ends with what to do next.

Exit codes: 1 error, 2 wrong usage (click's own), 3 not found, 4 wrong settings, 5 refused, 6 the deploy failed, 130
interrupted.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from hookserver.plain_text import plain


class HookserverError(Exception):
    """Something that a person must read: ``problem``, what happened, and ``remedy``, what to do next.

    Both are plain text, also where they quote a program, a repository or a server. Raised directly for an error that
    fits no class below, such as an address that is in use. Exit code 1, HTTP 500.
    """

    exit_code = 1
    http_status = 500

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = plain(problem)
        self.remedy = plain(remedy)
        super().__init__(self.problem, self.remedy)

    def __str__(self) -> str:
        return f"{self.problem}\n{self.remedy}" if self.remedy else self.problem


def in_one_line(text: str) -> str:
    """An error's text where only one line is shown: its first line, and the next one when the first ends in a colon.

    Last lines of an output are left out: they are shown only where the cause is unknown.
    """
    first, _, rest = text.strip().partition("\n")
    first = first.strip().removesuffix("; its last lines:")
    return f"{first} {rest.strip().partition(chr(10))[0].strip()}".rstrip() if first.endswith(":") else first


def indented(lines: Iterable[str]) -> str:
    """Lines as an error's text shows them."""
    return "\n".join(f"  {line}" for line in lines)


def did_you_mean(given: str, candidates: Iterable[str]) -> str:
    """A question that names the candidate nearest to ``given``: ``Did you mean 'shop'?``; empty when none is near."""
    nearest = difflib.get_close_matches(given, [*candidates], n=1, cutoff=0.6)
    return f"Did you mean {nearest[0]!r}?" if nearest else ""


class SettingsError(HookserverError):
    """Raised when the settings are wrong or missing. ``mistakes``: a line for each, which begins with its path.

    Exit code 4, HTTP 500.
    """

    exit_code = 4

    def __init__(self, source: str, mistakes: list[str]) -> None:
        listed = "\n".join(f"  {mistake}" for mistake in mistakes)
        super().__init__(f"{source}:\n{listed}", "Fix the lines above, then run `hookserver check`.")
        self.mistakes = mistakes


class NotFound(HookserverError):
    """Raised when there is no such app, deploy, release or token. Exit code 3, HTTP 404."""

    exit_code = 3
    http_status = 404


def no_such_app(name: str, known: Iterable[str]) -> NotFound:
    """The error for an app that is not one of ``known``, with the nearest one."""
    remedy = did_you_mean(name, known) or "The apps are the sections [apps.NAME] of the settings file."
    return NotFound(f"there is no app {name[:50]!r}", remedy)


def no_such_deploy(number: int) -> NotFound:
    """The error for a deploy that is not there, and for one that the caller may not know of."""
    return NotFound(f"there is no deploy {number}", "See `hookserver history`.")


class Refused(HookserverError):
    """Raised when a request is understood but not allowed now: the deploy is over, or there is nothing to go back to.

    Exit code 5, HTTP 409.
    """

    exit_code = 5
    http_status = 409


class AppLocked(Refused):
    """Raised when an operator has locked the app: nothing is deployed until it is unlocked. Exit code 5, HTTP 409."""

    def __init__(self, app: str, by: str, reason: str) -> None:
        super().__init__(f"{app} is locked by {by}: {reason}", f"To deploy it, run `hookserver unlock {app}` first.")


class Unauthorized(HookserverError):
    """Raised when a call has no valid signature or token. The text never says whether the app exists. HTTP 401."""

    http_status = 401


class Forbidden(HookserverError):
    """Raised when a call has a valid token whose scope does not allow it. HTTP 403."""

    http_status = 403


class BadRequest(HookserverError):
    """Raised for a request that cannot be understood. ``http_status``: 400, 408, 413, 415 or 422."""

    def __init__(self, problem: str, remedy: str = "", http_status: int = 400) -> None:
        super().__init__(problem, remedy)
        self.http_status = http_status


class StoreError(HookserverError):
    """Raised when the database cannot be read or written. Nothing was acknowledged, so nothing is lost.

    Exit code 1, HTTP 503.
    """

    http_status = 503


class DeployFailed(HookserverError):
    """Raised when a deploy fails; the old release is still live. The base of the adapters' errors.

    Exit code 6, HTTP 422, as for all classes below.
    """

    exit_code = 6
    http_status = 422


class GitError(DeployFailed):
    """Raised when the repository cannot be read."""


class EmptyRepository(GitError):
    """Raised when nothing was pushed to the repository yet."""


class BuildError(DeployFailed):
    """Raised when the source cannot be made into an image."""


class ContainerError(DeployFailed):
    """Raised when Docker cannot run the containers or the networks of a release."""


class Unhealthy(DeployFailed):
    """Raised when a replica does not pass the health check. The text has its last output lines."""


class NginxError(DeployFailed):
    """Raised when Nginx refuses a configuration, is down, or routes to another slot than was set."""
