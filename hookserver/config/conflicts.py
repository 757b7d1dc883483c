"""Conflicts between apps, and between apps and the subnet.

They are read from the file itself, so that they are reported beside mistakes in other keys.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hookserver.config.schema import DockerSettings

Place = tuple[int | str, ...]


@dataclass(frozen=True)
class _App:
    """The keys of an app that can be in conflict with those of others."""

    name: str
    domains: tuple[str, ...]
    redirects: tuple[str, ...]
    path: str | None


def conflicts(data: Mapping[str, Any], wrong: Collection[Place]) -> Iterator[str]:
    """A line for each conflict. ``wrong``: the paths of keys that have mistakes of their own, which are left out."""
    tables = data.get("apps", {}) if ("apps",) not in wrong else {}
    apps = [_App(name, **_keys(name, given, wrong)) for name, given in tables.items() if isinstance(given, Mapping)]
    yield from _same_places(apps)
    yield from _redirects(apps)
    if not any(place[0] == "docker" for place in wrong if place):
        yield from _addresses(DockerSettings.model_validate(data.get("docker", {})), apps)


def _keys(name: str, given: Mapping[str, Any], wrong: Collection[Place]) -> dict[str, Any]:
    bad = {place[2] for place in wrong if place[:2] == ("apps", name) and len(place) > 2}
    good = {key: value for key, value in given.items() if key not in bad}
    return {
        "domains": tuple(domain.lower() for domain in good.get("domains", ())),
        "redirects": tuple(domain.lower() for domain in good.get("redirects", ())),
        "path": None if "path" in bad else good.get("path", "/").rstrip("/") or "/",
    }


def _same_places(apps: list[_App]) -> Iterator[str]:
    owners: dict[tuple[str, str | None], str] = {}
    for app in apps:
        for domain in dict.fromkeys(app.domains) if app.path else ():
            other = owners.setdefault((domain, app.path), app.name)
            if other != app.name:
                yield f"apps.{app.name}.domains: apps.{app.name} and apps.{other} both have {domain}{app.path}"


def _redirects(apps: list[_App]) -> Iterator[str]:
    owners = {domain: app.name for app in apps for domain in app.domains}
    targets: dict[str, str] = {}
    for app in apps:
        if not app.redirects or not app.domains:
            continue
        path, first = f"apps.{app.name}.redirects", app.domains[0]
        if first.startswith("*"):
            yield f"{path}: they redirect to the first domain, so it cannot be a wildcard: {first}"
        for name in app.redirects:
            if name in owners:
                yield f"{path}: {name} is a domain of apps.{owners[name]}"
            elif targets.setdefault(name, first) != first:
                yield f"{path}: {name} is already redirected to {targets[name]}"


def _addresses(docker: DockerSettings, apps: list[_App]) -> Iterator[str]:
    if len(apps) > docker.room:
        yield f"docker.subnet: {docker.subnet} has room for {docker.room} apps, not {len(apps)}"
