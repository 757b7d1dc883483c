"""The texts of Docker's errors: the problem, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

_REMEDIES = {
    "no such image": "Deploy the commit again with --rebuild: its image was removed.",
    "address already in use": (
        "Another container has the address: see docker network inspect; remove it, or set another docker.subnet."
    ),
    "no space left": "The disk is full: make room (docker system df shows what Docker keeps), then deploy again.",
    "cannot allocate memory": "The machine is out of memory: lower apps.<app>.tomcat.memory or replicas.",
}


def remedy(problem: str) -> str:
    """The remedy for an error of Docker's, by its text."""
    text = problem.lower()
    return next(
        (advice for part, advice in _REMEDIES.items() if part in text), "See journalctl -u docker; then deploy again."
    )


def unreachable(error: Exception, host: str, timeout: int) -> tuple[str, str]:
    """The problem and the remedy when the call did not get through to Docker at ``host`` within ``timeout`` seconds."""
    text = str(error)
    if isinstance(error, requests.Timeout) or "timed out" in text.lower():
        return (
            f"Docker at {host} did not answer within {timeout} s",
            "See why it is busy: systemctl status docker, journalctl -u docker",
        )
    if "PermissionError" in text or "Permission denied" in text:
        return (
            f"the user that hookserver runs as may not use {host}",
            "Add that user to the group docker, or run the worker as root.",
        )
    return f"Docker does not answer at {host}: {text}", "Start it: systemctl start docker"


def failure(message: Mapping[str, Any]) -> str:
    """The error that a message of a build's or a pull's stream reports; empty: it reports none.

    Old engines send ``error`` alone, later ones ``errorDetail`` too; ``error`` is deprecated from API 1.48 on:
    https://docs.docker.com/reference/api/engine/version-history/
    """
    detail = message.get("errorDetail") or {}
    return str(detail.get("message") or message.get("error") or "")
