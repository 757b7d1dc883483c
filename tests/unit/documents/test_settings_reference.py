"""The tables of settings have every key of the schema, its default, its type, and what a change of it does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from hookserver import config
from hookserver.changes.effects import Effect, app_differences, server_differences
from hookserver.config.app_schema import AppSettings
from hookserver.config.schema import Settings
from tests.unit.documents.pages import PAGES, ROOT, Table, page, spans

SECTIONS = {
    "[server]": "server",
    "[nginx]": "nginx",
    "[docker]": "docker",
    "[apps.<app>]": "",
    "[apps.<app>.build]": "build",
    "[apps.<app>.tomcat]": "tomcat",
    "[apps.<app>.health]": "health",
    "[apps.<app>.release]": "release",
}
CHANGES = {
    Effect.AT_ONCE: "at once",
    Effect.NEXT_PUSH: "next push",
    Effect.REPLACE: "new replicas",
    Effect.REBUILD: "new image",
    Effect.RELOAD: "Nginx reload",
    Effect.RESTART: "restart",
    Effect.NEVER: "fixed",
}
MINIMAL = config.parse('[apps.shop]\nrepository = "push"\ndomains = ["shop.example.com"]', Path("hookserver.toml"))
# What the schema fills in from other keys, or takes from another one.
SPECIAL = {
    "repository": "needed",
    "domains": "needed",
    "image": '"hookserver/<app>"',
    "tomcat.context": '""',
    "health.path": '""',
}


def table(title: str) -> Table:
    (found,) = page("deploy/README.md").section(f"`{title}`").tables()
    return found


def model(title: str) -> type[BaseModel]:
    section = SECTIONS[title]
    owner: type[BaseModel] = AppSettings if title.startswith("[apps") else Settings
    found = owner.model_fields[section].annotation if section else owner
    assert isinstance(found, type)
    assert issubclass(found, BaseModel)
    return found


def keys(title: str) -> list[str]:
    """The section's own keys, in the schema's order; a secret by the file that has it."""
    own = [
        name
        for name, field in model(title).model_fields.items()
        if name != "name" and not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel))
    ]
    return ["webhook_secret_file" if key == "webhook_secret" else key for key in own]


def rows() -> list[tuple[str, tuple[str, ...]]]:
    return [(title, row) for title in SECTIONS for row in table(title).rows]


@pytest.mark.parametrize("title", SECTIONS)
def test_each_section_lists_its_keys_in_order(title: str) -> None:
    assert [spans(row[0])[0] for row in table(title).rows] == keys(title)


@pytest.mark.parametrize(("title", "row"), rows(), ids=lambda one: one if isinstance(one, str) else one[0])
def test_key_has_the_default_of_the_schema(title: str, row: tuple[str, ...]) -> None:
    key, documented = spans(row[0])[0], (spans(row[1]) or [row[1]])[0]
    path = f"{SECTIONS[title]}.{key}".lstrip(".")
    in_app = title.startswith("[apps")
    if in_app and path in SPECIAL:
        assert documented == SPECIAL[path]
        return
    shown = {key: value for key, value, _ in MINIMAL.effective()}
    value = shown[f"apps.shop.{path}" if in_app else path] if key != "webhook_secret_file" else '""'
    assert documented == ("none" if row[1] == "none" and value == '""' else value)


@pytest.mark.parametrize(("title", "row"), rows(), ids=lambda one: one if isinstance(one, str) else one[0])
def test_key_has_the_type_of_the_schema(title: str, row: tuple[str, ...]) -> None:
    key, kind = spans(row[0])[0], row[2]
    field = model(title).model_fields.get(key)
    if field is None or field.is_required():
        return
    dumped = model(title).model_construct(**{key: field.default}).model_dump(mode="json", include={key})[key]
    assert kind in _kinds(field.default, dumped)


def _kinds(default: Any, dumped: Any) -> tuple[str, ...]:
    if isinstance(default, bool):
        return ("true or false",)
    if isinstance(default, int | float):
        return ("number",) if not isinstance(dumped, str) else ("duration" if isinstance(default, float) else "size",)
    if isinstance(default, tuple):
        return ("list",)
    if isinstance(default, dict):
        return ("table",)
    return ("text", "path", "address", "network")


@pytest.mark.parametrize(("title", "row"), rows(), ids=lambda one: one if isinstance(one, str) else one[0])
def test_key_says_what_its_change_does(title: str, row: tuple[str, ...]) -> None:
    key = spans(row[0])[0].removesuffix("_file") if "secret" in row[0] else spans(row[0])[0]
    section = SECTIONS[title]
    shared = {"sessions": "shared"} if section == "release" and key != "sessions" else {}
    one, two = ({section: {**shared, key: value}} if section else {key: value} for value in ("a", "b"))
    differences = app_differences if title.startswith("[apps") else server_differences
    (change,) = differences(one, two)
    assert row[4] == CHANGES[change.effect]


def test_each_change_is_explained() -> None:
    (changes,) = page("deploy/README.md").section("Changing settings").tables()
    assert {row[0] for row in changes.rows} == set(CHANGES.values())


def test_example_file_has_every_key_in_order() -> None:
    text = (ROOT / "deploy" / "hookserver.example.toml").read_text(encoding="utf-8")
    shown: dict[str, list[str]] = {}
    for line in text.splitlines():
        if section := re.fullmatch(r"(\[[\w.]+\])", line):
            shown[section[1].replace("shop", "<app>")] = title_keys = []
        elif key := re.match(r"(?:# )?([a-z_]+) = ", line):
            title_keys.append(key[1])
    assert shown == {title: keys(title) for title in SECTIONS}


@pytest.mark.parametrize("name", PAGES)
def test_settings_in_a_block_are_valid(name: str) -> None:
    for block in page(name).blocks("toml"):
        config.parse(block, Path("hookserver.toml"))
