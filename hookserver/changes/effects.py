"""What a change of each setting does. Pure: it compares settings as ``config.record`` writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from hookserver.config import HIDDEN, NEEDS_A_RESTART, flat


class Effect(StrEnum):
    """How a changed setting is taken up."""

    REBUILD = "rebuild"
    REPLACE = "replace"
    RELOAD = "reload"
    AT_ONCE = "at once"
    NEXT_PUSH = "next push"
    RESTART = "restart"
    NEVER = "never"


@dataclass(frozen=True)
class Change:
    """A key of the file with its value before and after, as TOML; empty: the key is not there."""

    key: str
    before: str
    after: str
    effect: Effect


_BUILD = ("kind", "image", "command", "war", "env", "volumes")
_OF_AN_APP = {
    Effect.REBUILD: (
        "image",
        *(f"build.{key}" for key in _BUILD),
        *(f"tomcat.{key}" for key in ("image", "context", "migrate", "files", "files_content")),
    ),
    Effect.REPLACE: (
        "replicas",
        *(f"tomcat.{key}" for key in ("java_opts", "memory", "env", "env_file", "env_file_content")),
        *(f"tomcat.{key}" for key in ("volumes", "networks", "hosts")),
    ),
    Effect.RELOAD: ("domains", "redirects", "path", "release.sessions"),
    Effect.NEXT_PUSH: ("repository", "branch", "build", "release.prepare", "release.prepare_timeout"),
}
_OF_NGINX = ("listen", "max_body", "read_timeout", "trusted_proxies")
_NAMES_OF_PEOPLE = ("build.env.", "tomcat.env.", "tomcat.env_file_content", "tomcat.files", "tomcat.hosts.")
"""Beginnings of keys that are there only when the settings have something of the kind."""
_REPLACING = (Effect.REBUILD, Effect.REPLACE)


def app_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Between two records of one app."""
    changes = _differences(before, after, effect_in_app)
    return [replace(change, effect=Effect.REBUILD) if _is_of_the_image(change) else change for change in changes]


def server_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Between two records of the whole file, the apps left out."""
    sections = {"server", "nginx", "docker"}
    old, new = ({key: value for key, value in one.items() if key in sections} for one in (before, after))
    return _differences(old, new, _effect_in_server)


def outdated(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Why a release made from ``before`` is to be replaced by one made from ``after``; nothing: it is not.

    A key that an older hookserver did not know is no reason.
    """
    changes = app_differences(before, after) if before else []
    known = (change for change in changes if change.before or change.key.startswith(_NAMES_OF_PEOPLE))
    return [change for change in known if change.effect in _REPLACING]


def effect_in_app(key: str) -> Effect:
    """Of a key below ``[apps.<app>]``."""
    for effect, keys in _OF_AN_APP.items():
        if any(key == one or key.startswith(f"{one}.") for one in keys):
            return effect
    return Effect.AT_ONCE


def _is_of_the_image(change: Change) -> bool:
    """Replicated sessions are the replicas' affair, all others Nginx's alone."""
    return change.key == "release.sessions" and "replicated" in change.before + change.after


def shown(value: str) -> str:
    """A value for a person: of a secret not even its digest."""
    return '"••••••"' if HIDDEN in value else value


def _effect_in_server(key: str) -> Effect:
    section, _, name = key.partition(".")
    if key == "docker.subnet":
        return Effect.NEVER
    if name in NEEDS_A_RESTART.get(section, ()):
        return Effect.RESTART
    return Effect.RELOAD if section == "nginx" and name in _OF_NGINX else Effect.AT_ONCE


def _differences(before: Mapping[str, Any], after: Mapping[str, Any], effect: Callable[[str], Effect]) -> list[Change]:
    old, new = flat(before), flat(after)
    keys = [*new, *(key for key in old if key not in new)]
    changed = [key for key in keys if old.get(key, "") != new.get(key, "")]
    return [Change(key, old.get(key, ""), new.get(key, ""), effect(key)) for key in changed]
