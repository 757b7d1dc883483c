"""Decides which ``release.sessions`` suits, and says why (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hookserver.project.findings import SessionUse

_TOMCAT = re.compile(r"(?:^|/)tomcat:(\d+)(?:\.(\d+))?")
_OLDEST = (8, 5)


@dataclass(frozen=True)
class SessionAdvice:
    """A value for ``release.sessions``, with the reason for it."""

    mode: Literal["sticky", "shared"]
    text: str


def advise(use: SessionUse, image: str) -> SessionAdvice | None:
    """The mode that suits on this image, also with one replica; None if no use of sessions was seen."""
    if not use.where:
        return None
    if problems := list(problems_of_shared(use, image)):
        text = (
            "sticky suits: visitors stay with the replica that has their session, over a switch too, for sticky_for at "
            f"most; shared, which keeps sessions over a crash and a reboot too, needs a change: {'; '.join(problems)}"
        )
        return SessionAdvice("sticky", f"sessions are used ({use.where}): {text}")
    text = (
        "shared suits: carts outlive each switch, a crash and a reboot, also with one replica; no class of the "
        "project's own that certainly cannot be serialized was seen in a session"
    )
    return SessionAdvice("shared", f"sessions are used ({use.where}): {text}")


def advise_without_tomcat(use: SessionUse, base: str) -> SessionAdvice | None:
    """The same for an image on a base that is not known to have a Tomcat."""
    if not use.where:
        return None
    return SessionAdvice(
        "sticky",
        f"sessions are used ({use.where}): sticky suits, since {base} is not known to be a Tomcat, which shared needs",
    )


def problems_of_shared(use: SessionUse, image: str) -> Iterator[str]:
    """What keeps ``shared`` from its promise, and what to do, one text each."""
    if problem := too_old(image):
        yield f"{problem}: name such an image"
    if use.manager:
        yield (
            f"the project has a session manager of its own ({use.manager}), which keeps the sessions instead: remove "
            "it, unless it keeps them outside of Tomcat"
        )
    if use.unserializable:
        yield (
            "objects of these classes are not serializable and stay in the memory of one replica: "
            f"{', '.join(use.unserializable)}: let them implement java.io.Serializable"
        )


def too_old(image: str) -> str:
    """Why an image's Tomcat cannot share sessions, by the image's name; empty if it can, or if that is unknown."""
    named = _TOMCAT.search(image)
    if named is None or (int(named[1]), int(named[2] or 99)) >= _OLDEST:
        return ""
    oldest = f"{_OLDEST[0]}.{_OLDEST[1]}"
    return f"{image} cannot share sessions, since hookserver's session manager needs Tomcat {oldest} or newer"
