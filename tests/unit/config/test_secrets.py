"""Secrets are known by their type: each place for one is found in the schema, and what is put there shows nowhere."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel, SecretStr

from hookserver.config import AppSettings, Settings, load, parse, record
from hookserver.config.load import repr_toml
from hookserver.config.paths import Content
from hookserver.config.secrets import Secret, Section, plain, secret_keys, secrets_of
from hookserver.deploy_log import DeployLog
from hookserver.errors import SettingsError
from hookserver.models import Release, Slot
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.views import documents

CANARY = "canary"
WORD = f"{CANARY}-in-the-shop"
APP = '[apps.shop]\nrepository = "push"\ndomains = ["shop.example.com"]\n'
KINDS = ("secret", "variables", Content.SECRET, Content.VARIABLES)
"""The values of a key: a secret text, environment variables, or a file with either."""


def places(annotation: Any = AppSettings, metadata: tuple[Any, ...] = (), path: str = "apps.shop") -> Iterator[Any]:
    """Every place for a secret in the schema, as (path, kind), found by type alone."""
    if get_origin(annotation) is Annotated:
        annotation, *metadata = get_args(annotation)  # type: ignore[assignment]
    marks = [mark for mark in metadata if isinstance(mark, Content)]
    if marks:
        yield path, marks[0]
    elif annotation is SecretStr:
        yield path, "secret"
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for key, field in annotation.model_fields.items():
            yield from places(field.annotation, tuple(field.metadata), f"{path}.{key}")
    elif get_origin(annotation) in (dict, tuple, Union, UnionType):
        found = [*itertools.chain.from_iterable(places(one, path=path) for one in get_args(annotation))]
        is_variables = get_origin(annotation) is dict and "secret" in [kind for _, kind in found]
        yield from [(path, "variables")] if is_variables else found


PLACES = [(place, kind) for place, kind in places() if kind in KINDS]


def filled(folder: Path, place: str, kind: object, number: int) -> tuple[str, list[str]]:
    """A line of settings that puts canaries at this place, and the canaries."""
    word = f"{WORD}-{number}"
    table, _, key = place.rpartition(".")
    file = folder / f"{number}.secret"
    canaries = [word]
    if kind == "secret":
        value = repr_toml(word)
    elif kind == "variables":
        url = f"jdbc:mysql://db/shop?user=shop&password={word}-url"
        value = f'{{ DB_PASSWORD = "{word}", DB_URL = "{url}", LEVEL = "info" }}'
        canaries.append(f"{word}-url")
    elif kind is Content.VARIABLES:
        file.write_text(f"LEVEL=info\nDB_PASSWORD={word}\nDB_URL=postgres://shop:{word}-url@db/shop\n")
        value = repr_toml(str(file))
        canaries.append(f"{word}-url")
    else:
        file.write_text(f"{word}\nsecond-{word}\n")
        value = f'{{ PASSWORD = "{file}" }}'
        canaries.append(f"second-{word}")
    return f"[{table}]\n{key} = {value}\n", canaries


@pytest.fixture
def with_canaries(tmp_path: Path) -> tuple[Settings, str, list[str]]:
    """Settings with a canary in every place for a secret, the text of the file, and all canaries."""
    tables: dict[str, str] = {"apps.shop": APP.replace('"push"', '"https://bot:canary-git@git.example.com/shop.git"')}
    canaries = ["canary-git", "canary-java"]
    for number, (place, kind) in enumerate(PLACES):
        line, its_canaries = filled(tmp_path, place, kind, number)
        head, _, rest = line.partition("\n")
        table = head.strip("[]")
        tables[table] = tables.get(table, f"{head}\n") + rest
        canaries += its_canaries
    tables["apps.shop.tomcat"] += 'java_opts = "-Ddb.password=canary-java"\n'
    text = "".join(tables.values())
    return parse(text, tmp_path / "hookserver.toml").settings, text, canaries


def test_every_kind_of_place_is_in_the_schema() -> None:
    assert {kind for _, kind in PLACES} == set(KINDS)
    assert ("apps.shop.webhook_secret", "secret") in PLACES
    assert ("apps.shop.build.env_files", Content.SECRET) in PLACES


def test_every_secret_is_found_for_the_log(with_canaries: tuple[Settings, str, list[str]], tmp_path: Path) -> None:
    settings, text, canaries = with_canaries
    log = DeployLog(tmp_path / "deploy.log", secrets_of(settings.apps["shop"]))
    for canary in canaries:
        log.line(f"before {canary} behind")
    log.line(text)
    log.step(text)
    log.result(text)
    log.error(text)
    log.close()
    written = (tmp_path / "deploy.log").read_text(encoding="utf-8")
    assert CANARY not in written
    assert written.count("before •••••• behind") == len(canaries)
    assert "LEVEL" in written


def test_no_secret_is_recorded_or_shown(with_canaries: tuple[Settings, str, list[str]], tmp_path: Path) -> None:
    settings, text, _ = with_canaries
    loaded = parse(text, tmp_path / "hookserver.toml")
    shown = {
        "record": json.dumps(record(settings, "salt")),
        "check": str(loaded.effective()),
        "loaded": f"{loaded!r} {loaded}",
        "repr": f"{settings!r} {settings} {settings.apps} {[*settings.apps.values()]!r}",
        "sections": "".join(f"{one!r} {one}" for _, one in settings.apps["shop"] if isinstance(one, Section)),
    }
    assert [name for name, shown_text in shown.items() if CANARY in shown_text] == []
    assert '"LEVEL": "info"' in shown["record"]


def test_no_secret_is_in_a_document_for_the_api(
    with_canaries: tuple[Settings, str, list[str]], state: StateDir
) -> None:
    settings, _, _ = with_canaries
    store = Store(state)
    store.upgrade()
    store.sync_apps(settings.apps)
    assert CANARY not in json.dumps(documents.app(store, settings.apps["shop"]))


def test_release_shows_no_settings(with_canaries: tuple[Settings, str, list[str]]) -> None:
    recorded = record(with_canaries[0], "salt")["apps"]["shop"]
    release = Release(1, "shop", "c" * 40, "sha256:1", Slot.BLUE, 2, settings=recorded)
    assert "••••••" in str(recorded)
    assert "••••••" not in repr(release)


@pytest.mark.parametrize("place", [place for place, _ in PLACES])
@pytest.mark.parametrize(
    "value",
    ['["canary"]', '[["canary"]]', '{ A_PASSWORD = ["canary"] }', '{ A_PASSWORD = { B = "canary" } }', '"canary"', "5"],
)
def test_no_mistake_in_the_settings_shows_a_secret(place: str, value: str, tmp_path: Path) -> None:
    table, _, key = place.rpartition(".")
    app = APP if table == "apps.shop" else f"{APP}[{table}]\n"
    text = f'{app}{key} = {value}\nunknown_password = "canary"\n'
    with pytest.raises(SettingsError) as caught:
        parse(text, tmp_path / "hookserver.toml")
    assert CANARY not in str(caught.value) + repr(caught.value)
    assert "unknown_password: unknown key" in str(caught.value)


@pytest.mark.parametrize("setting", ["repository", "branch", "path", "image"])
def test_password_in_a_wrong_text_is_not_shown(setting: str, tmp_path: Path) -> None:
    given = {"repository": '"push"', "domains": '["shop.example.com"]', setting: '"ftp://bot:canary@example.com/ x"'}
    text = "[apps.shop]\n" + "".join(f"{key} = {value}\n" for key, value in given.items())
    with pytest.raises(SettingsError) as caught:
        parse(text, tmp_path / "hookserver.toml")
    assert f"apps.shop.{setting}: " in str(caught.value)
    assert CANARY not in str(caught.value)


def test_another_secret_has_another_record(with_canaries: tuple[Settings, str, list[str]], tmp_path: Path) -> None:
    settings, text, _ = with_canaries
    for place, kind in PLACES:
        if kind in ("secret", "variables"):
            number = PLACES.index((place, kind))
            other = text.replace(f'"{WORD}-{number}"', '"another-secret-word"')
            changed = parse(other, tmp_path / "hookserver.toml").settings
            assert record(changed, "salt") != record(settings, "salt"), place


class TokenSection(Section):
    token: Secret = SecretStr("")


class Notifier(Section):
    name: str = ""
    deeper: TokenSection = TokenSection()


def test_secret_of_any_section_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("canary-of-a-file\n")
    read = Notifier.model_validate({"deeper": {"token_file": "token"}}, context={"base": tmp_path})
    assert read.deeper.token.get_secret_value() == "canary-of-a-file"
    assert secret_keys(TokenSection) == ["token"]
    assert secrets_of(read) == ["canary-of-a-file"]
    assert CANARY not in repr(read)


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        ('webhook_secret_file = "none"', "apps.shop.webhook_secret_file: cannot be read: "),
        ('webhook_secret_file = "empty"', "apps.shop.webhook_secret_file: empty is empty"),
        ("webhook_secret_file = 5", "apps.shop.webhook_secret_file: should be a path in quotes"),
        (
            'webhook_secret = "canary"\nwebhook_secret_file = "none"',
            "apps.shop.webhook_secret_file: webhook_secret is given too; keep one of them",
        ),
        ('webhook_secret_fil = "none"', "unknown key. Did you mean 'webhook_secret_file'?"),
    ],
)
def test_secret_file_that_does_not_work_is_reported_beside_other_mistakes(
    lines: str, mistake: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(SettingsError) as caught:
        parse(f"{APP}{lines}\nreplicas = 0\n", tmp_path / "hookserver.toml")
    messages = caught.value.mistakes
    assert len(messages) == 2
    assert any(mistake in line for line in messages)
    assert CANARY not in str(messages)


def test_variables_are_plain_for_the_process_that_gets_them(tmp_path: Path) -> None:
    env = '[apps.shop.tomcat]\nenv = { DB_PASSWORD = "canary", LEVEL = "info" }\n'
    variables = parse(APP + env, tmp_path / "x").settings.apps["shop"].tomcat.env
    assert plain(variables) == {"DB_PASSWORD": "canary", "LEVEL": "info"}
    assert isinstance(variables["DB_PASSWORD"], SecretStr)
    assert variables["LEVEL"] == "info"


def test_digest_for_an_image_depends_on_its_secrets(tmp_path: Path) -> None:
    env = '[apps.shop.build]\nenv = { DB_PASSWORD = "canary" }\n'
    build = parse(APP + env, tmp_path / "x").settings.apps["shop"].build
    assert build.revealed({"env"}) == {"env": {"DB_PASSWORD": "canary"}}


def test_check_names_the_file_of_a_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cr3t-of-the-shop\n")
    file = tmp_path / "hookserver.toml"
    file.write_text(APP + 'webhook_secret_file = "secret"\n')
    loaded = load(file)
    assert loaded.settings.apps["shop"].webhook_secret.get_secret_value() == "s3cr3t-of-the-shop"
    assert "s3cr3t" not in repr(loaded.settings) + str(loaded.settings) + str(loaded.effective())
    assert ("apps.shop.webhook_secret", '"••••••"', "secret") in loaded.effective()


def test_check_masks_passwords_in_addresses_and_variables() -> None:
    text = APP.replace('"push"', '"https://ci:hunter2@git.example.com/shop.git"')
    loaded = parse(text + '[apps.shop.tomcat]\nenv = { DB_PASSWORD = "hunter2", DB_USER = "shop" }\n', Path("x"))
    shown = {path: value for path, value, _ in loaded.effective()}
    assert "hunter2" not in repr(loaded.settings) + str(shown)
    assert shown["apps.shop.repository"] == '"https://••••••@git.example.com/shop.git"'
    assert '"DB_USER" = "shop"' in shown["apps.shop.tomcat.env"]
