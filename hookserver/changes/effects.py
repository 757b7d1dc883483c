"""Finds the differences between two records of settings, and the effect of each (pure).

A record is what ``config.record`` makes of settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from hookserver.config import BUILD_KEYS_OF_THE_IMAGE, HIDDEN, NEEDS_A_RESTART, TOMCAT_KEYS_OF_THE_IMAGE, flat


class Effect(StrEnum):
    """The work that applies a changed setting."""

    REBUILD = "rebuild"
    REPLACE = "replace"
    RELOAD = "reload"
    AT_ONCE = "at once"
    NEXT_PUSH = "next push"
    RESTART = "restart"
    NEVER = "never"


@dataclass(frozen=True)
class Change:
    """A key of the file with its values before and after, as TOML; empty if the key is missing."""

    key: str
    before: str
    after: str
    effect: Effect


_OF_AN_APP = {
    Effect.REBUILD: (
        "image",
        *(f"build.{key}" for key in BUILD_KEYS_OF_THE_IMAGE),
        *(f"tomcat.{key}" for key in ("image", *TOMCAT_KEYS_OF_THE_IMAGE, "files_content")),
    ),
    Effect.REPLACE: (
        "replicas",
        *(f"tomcat.{key}" for key in ("java_opts", "memory", "cpus", "pids", "env", "env_file", "env_file_content")),
        *(f"tomcat.{key}" for key in ("volumes", "networks", "hosts")),
        "release.sessions_max",
    ),
    Effect.RELOAD: ("domains", "redirects", "path", "release.sessions"),
    Effect.NEXT_PUSH: ("repository", "branch", "build", "release.prepare", "release.prepare_timeout"),
}
_OF_NGINX = ("listen", "max_body", "read_timeout", "trusted_proxies", "gzip", "error_pages")
_FREE_KEYS = ("build.env.", "tomcat.env.", "tomcat.env_file_content", "tomcat.files", "tomcat.hosts.")
"""Prefixes of keys that a record has only if the settings have such an entry."""
_REPLACING = (Effect.REBUILD, Effect.REPLACE)


def app_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The changes between two records of one app."""
    shares = flat(after).get("release.sessions") == '"shared"'
    changes = _differences(before, after, effect_in_app)
    return [replace(change, effect=_effect_on_sessions(change, shares)) for change in changes]


def server_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The changes between two records of a file, without its apps."""
    sections = {"server", "nginx", "docker"}
    old, new = ({key: value for key, value in one.items() if key in sections} for one in (before, after))
    return _differences(old, new, _effect_in_server)


def replacing_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The changes that require to replace a release of the settings ``before`` by one of the settings ``after``.

    A key that an older hookserver did not record does not count.
    """
    changes = app_differences(before, after) if before else []
    recorded = (change for change in changes if change.before or change.key.startswith(_FREE_KEYS))
    return [change for change in recorded if change.effect in _REPLACING]


def effect_in_app(key: str) -> Effect:
    """The effect of a key below ``[apps.<app>]``."""
    for effect, keys in _OF_AN_APP.items():
        if any(key == one or key.startswith(f"{one}.") for one in keys):
            return effect
    return Effect.AT_ONCE


def _effect_on_sessions(change: Change, shares: bool) -> Effect:
    """The change's effect, where it depends on whether the app ``shares`` its sessions.

    To share them, or no longer to, needs another image, since a build refuses it where Tomcat cannot do it. Other
    kinds of sessions concern Nginx alone, and their stored size nobody.
    """
    if change.key == "release.sessions" and "shared" in change.before + change.after:
        return Effect.REBUILD
    return Effect.AT_ONCE if change.key == "release.sessions_max" and not shares else change.effect


def shown(value: str) -> str:
    """The value for people; a secret is masked."""
    return '"••••••"' if HIDDEN in value else value


def _effect_in_server(key: str) -> Effect:
    section, _, name = key.partition(".")
    if key == "docker.subnet":
        return Effect.NEVER
    if name in NEEDS_A_RESTART.get(section, ()):
        return Effect.RESTART
    of_nginx = key == "server.listen" or (section == "nginx" and name in _OF_NGINX)
    return Effect.RELOAD if of_nginx else Effect.AT_ONCE


def _differences(before: Mapping[str, Any], after: Mapping[str, Any], effect: Callable[[str], Effect]) -> list[Change]:
    old, new = flat(before), flat(after)
    keys = [*new, *(key for key in old if key not in new)]
    changed = [key for key in keys if old.get(key, "") != new.get(key, "")]
    return [Change(key, old.get(key, ""), new.get(key, ""), effect(key)) for key in changed]
