"""The meaning of a webhook, and the functions that each forge's module has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class BranchPush:
    """A branch has a new tip. It is a hint: the tip at fetch time is what gets deployed.

    ``commit`` is "" when the forge does not send it; ``by`` is the pusher's name, ``delivery`` the forge's id of this
    call.
    """

    branch: str
    commit: str = ""
    by: str = ""
    message: str = ""
    delivery: str = ""


@dataclass(frozen=True)
class Ignored:
    """A genuine call that requests no deploy, with the reason."""

    reason: str


class Forge(Protocol):
    """A module of this folder. ``headers`` have lower-case names; ``body`` is as it was sent."""

    def is_mine(self, headers: Mapping[str, str]) -> bool:
        """Whether this forge sends such headers."""

    def is_signed(self, headers: Mapping[str, str], body: bytes, secrets: tuple[str, ...]) -> bool:
        """Whether the call was signed with one of ``secrets``. It does not parse the body, and never raises."""

    def parse(self, headers: Mapping[str, str], body: bytes) -> BranchPush | Ignored:
        """The meaning of a verified call. Raises BadRequest, or Unauthorized for a header that was sent twice."""
