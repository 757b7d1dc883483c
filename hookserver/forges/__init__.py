"""The forges whose webhooks hookserver understands: one module each, all listed here."""

from collections.abc import Mapping

from hookserver.forges import generic, gitea, github
from hookserver.forges.push import BranchPush, Forge, Ignored

__all__ = ["FORGES", "BranchPush", "Forge", "Ignored", "find"]

FORGES: tuple[Forge, ...] = (gitea, github, generic)
"""In the order in which their headers are compared: Gitea and Forgejo also send GitHub's headers."""


def find(headers: Mapping[str, str]) -> Forge | None:
    """The forge that sends such headers (lower-case names); None when it is none of ours."""
    return next((forge for forge in FORGES if forge.is_mine(headers)), None)
