"""What a forge's webhook can say, and what each forge's file offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class BranchPush:
    """A branch has a new tip: a hint.

    ``commit`` is "" when the forge does not say it; ``delivery`` is its id of this call.
    """

    branch: str
    commit: str = ""
    by: str = ""
    message: str = ""
    delivery: str = ""


@dataclass(frozen=True)
class Ignored:
    """A genuine call that asks for no deploy, and why."""

    reason: str


class Forge(Protocol):
    """One file of this folder. ``headers`` have lower-case names; ``body`` is as it came over the wire."""

    def is_mine(self, headers: Mapping[str, str]) -> bool:
        """Whether these headers are this forge's."""

    def is_signed(self, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        """Whether the call was signed with ``secret``. Looks at the body as bytes only; never raises."""

    def parse(self, headers: Mapping[str, str], body: bytes) -> BranchPush | Ignored:
        """What a verified call says. Raises BadRequest, or Unauthorized for a header that was sent twice."""
