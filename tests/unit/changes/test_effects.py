"""The differences between two records of settings, and their effects."""

from __future__ import annotations

from typing import Any

import pytest

from hookserver.changes.effects import Change, Effect, app_differences, replacing_changes, server_differences, shown
from hookserver.config import HIDDEN


@pytest.mark.parametrize(
    ("key", "effect"),
    [
        ("replicas", Effect.REPLACE),
        ("domains", Effect.RELOAD),
        ("branch", Effect.NEXT_PUSH),
        ("image", Effect.REBUILD),
        ("poll", Effect.AT_ONCE),
    ],
)
def test_app_key_has_its_effect(key: str, effect: Effect) -> None:
    assert app_differences({key: "a"}, {key: "b"}) == [Change(key, '"a"', '"b"', effect)]


@pytest.mark.parametrize(
    ("section", "key", "effect"),
    [
        ("docker", "subnet", Effect.NEVER),
        ("server", "listen", Effect.RELOAD),
        ("server", "user", Effect.RESTART),
        ("nginx", "max_body", Effect.RELOAD),
        ("server", "builds", Effect.AT_ONCE),
    ],
)
def test_server_key_has_its_effect(section: str, key: str, effect: Effect) -> None:
    before: dict[str, Any] = {section: {key: "a"}, "apps": {"shop": {}}}
    (change,) = server_differences(before, {section: {key: "b"}})
    assert (change.key, change.effect) == (f"{section}.{key}", effect)


def test_shared_sessions_need_another_image_and_others_only_nginx() -> None:
    effects = [
        app_differences({"release": {"sessions": "sticky"}}, {"release": {"sessions": after}})[0].effect
        for after in ("none", "shared")
    ]
    assert effects == [Effect.RELOAD, Effect.REBUILD]


def test_size_of_stored_sessions_needs_new_replicas_only_where_sessions_are_shared() -> None:
    for sessions, effect in (("shared", Effect.REPLACE), ("sticky", Effect.AT_ONCE), ("none", Effect.AT_ONCE)):
        before, after = (
            {"release": {"sessions": sessions, "sessions_max": size, "standby": size}} for size in ("1g", "2g")
        )
        changes = {change.key: change.effect for change in app_differences(before, after)}
        assert changes == {"release.sessions_max": effect, "release.standby": Effect.AT_ONCE}


def test_release_is_outdated_by_known_keys_and_by_new_entries() -> None:
    before = {"tomcat": {"memory": "512m"}}
    assert [change.key for change in replacing_changes(before, {"tomcat": {"memory": "1g"}})] == ["tomcat.memory"]
    assert replacing_changes(before, {"tomcat": {"memory": "512m", "java_opts": "-Xmx1g"}}) == []
    added = {"tomcat": {"memory": "512m", "env": {"LEVEL": "info"}}}
    assert [change.key for change in replacing_changes(before, added)] == ["tomcat.env.LEVEL"]
    assert replacing_changes({}, added) == []


def test_secret_is_masked_and_other_values_are_shown() -> None:
    assert shown('"512m"') == '"512m"'
    assert shown(f'"{HIDDEN}0123abcd"') == '"••••••"'
