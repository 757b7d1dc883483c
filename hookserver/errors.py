"""The one tree of errors: each knows its exit code and its HTTP status, and says what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HookserverError(Exception):
    """Something went wrong that a person must read: what happened, and the remedy."""

    exit_code = 1
    http_status = 500

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}\n{self.remedy}" if self.remedy else self.problem


def in_one_line(text: str) -> str:
    """An error's text where one line is shown: its first, and where that ends in a colon, the one it announces.

    Of last lines none is told: they are shown where nobody knows the cause.
    """
    first, _, rest = text.strip().partition("\n")
    first = first.strip().removesuffix("; its last lines:")
    return f"{first} {rest.strip().partition(chr(10))[0].strip()}".rstrip() if first.endswith(":") else first


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A question that names the known word nearest to ``given``: ``Did you mean 'shop'?``; empty when none is near."""
    nearest = difflib.get_close_matches(given, [*known], n=1, cutoff=0.6)
    return f"Did you mean {nearest[0]!r}?" if nearest else ""


class SettingsError(HookserverError):
    """The settings are wrong. ``mistakes`` has every one of them, each a line that begins with its path."""

    exit_code = 4

    def __init__(self, source: str, mistakes: list[str]) -> None:
        listed = "\n".join(f"  {mistake}" for mistake in mistakes)
        super().__init__(f"{source}:\n{listed}", "Mend the lines above, then ask `hookserver check`.")
        self.mistakes = mistakes


class NotFound(HookserverError):
    """The app, deploy, release or token that was named is not there."""

    exit_code = 3
    http_status = 404


class Refused(HookserverError):
    """It could be done, but must not be done now: the app is locked, or the deploy is over."""

    exit_code = 5
    http_status = 409


class AppLocked(Refused):
    """An operator has locked the app: nothing is deployed until it is unlocked."""

    def __init__(self, app: str, by: str, reason: str) -> None:
        super().__init__(f"{app} is locked by {by}: {reason}", f"To deploy it, run `hookserver unlock {app}` first.")


class Unauthorized(HookserverError):
    """No valid signature or token. The text never tells whether the app exists."""

    http_status = 401


class BadRequest(HookserverError):
    """A request that cannot be understood. ``http_status`` tells how: 400, 413, 415, 422 or 429."""

    def __init__(self, problem: str, remedy: str = "", http_status: int = 400) -> None:
        super().__init__(problem, remedy)
        self.http_status = http_status


class StoreError(HookserverError):
    """The database did not take or give what was asked: nothing was acknowledged, so nothing is lost."""

    http_status = 503


class DeployFailed(HookserverError):
    """A deploy cannot go on; the old release still serves. The adapters' errors are of this kind."""

    exit_code = 6
    http_status = 422


class GitError(DeployFailed):
    """The repository could not be read."""


class EmptyRepository(GitError):
    """Nothing was pushed to it yet."""


class BuildError(DeployFailed):
    """No image came out of the source."""


class ContainerError(DeployFailed):
    """Docker did not do what was asked."""


class Unhealthy(DeployFailed):
    """A replica did not pass the health gate; the text carries its last lines."""


class NginxError(DeployFailed):
    """Nginx refused a configuration, is down, or does not answer what was set."""
