"""Finding, reading and checking a settings file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hookserver.config import find, parse
from hookserver.errors import SettingsError
from tests.unit.config.samples import APP, mistakes, settings

EXAMPLE = Path(__file__).parents[3] / "deploy" / "hookserver.example.toml"


def test_every_mistake_is_reported_at_once() -> None:
    messages = mistakes(
        """
        [server]
        builds = 0
        [nginx]
        lisen = ["80"]
        [apps.shop]
        repository = "ext::sh -c true"
        domains = ["Shop.example.com"]
        [apps.shop.build]
        kind = "mavn"
        memory = "lots"
        """
    )
    by_path = dict(line.split(": ", 1) for line in messages)
    assert set(by_path) >= {
        "server.builds",
        "nginx.lisen",
        "apps.shop.repository",
        "apps.shop.domains.0",
        "apps.shop.build.kind",
        "apps.shop.build.memory",
    }
    assert "Did you mean 'listen'?" in by_path["nginx.lisen"]
    assert "Did you mean 'maven'?" in by_path["apps.shop.build.kind"]


def test_each_setting_says_where_it_comes_from() -> None:
    effective = {path: (value, source) for path, value, source in parse(APP, Path("my.toml")).effective()}
    assert effective["apps.shop.domains"] == ('["shop.example.com"]', "my.toml")
    assert effective["apps.shop.release.drain"] == ('"30s"', "default")


def test_settings_that_check_prints_can_be_read_again() -> None:
    printed: dict[str, list[str]] = {}
    for path, value, _ in parse(APP, Path("x")).effective():
        section, key = path.rsplit(".", 1)
        printed.setdefault(section, []).append(f"{key} = {value}")
    text = "\n".join(f"[{section}]\n" + "\n".join(lines) for section, lines in printed.items())
    assert parse(text, Path("y")).settings == settings()


def test_settings_file_is_looked_for_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="hookserver init"):
        find(environ={})
    for name in ("hookserver.toml", "named.toml", "given.toml"):
        (tmp_path / name).touch()
    assert find(environ={}).name == "hookserver.toml"
    assert find(environ={"HOOKSERVER_CONFIG": "named.toml"}).name == "named.toml"
    assert find("given.toml", environ={"HOOKSERVER_CONFIG": "named.toml"}).name == "given.toml"


@pytest.mark.parametrize("mode", [0o666, 0o664, 0o646])
def test_file_of_the_current_folder_that_others_may_write_is_refused(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "hookserver.toml"
    file.touch()
    file.chmod(mode)
    with pytest.raises(SettingsError, match=r"chmod go-w hookserver\.toml"):
        find(environ={})
    assert find("hookserver.toml", environ={}) == file, "one that is named is taken"


def test_file_of_the_current_folder_that_belongs_to_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hookserver.toml").touch(mode=0o644)
    owner = (tmp_path / "hookserver.toml").stat().st_uid
    monkeypatch.setattr("os.geteuid", lambda: owner + 1)
    if owner == 0:
        assert find(environ={}), "root's own is taken by everybody"
        os.chown(tmp_path / "hookserver.toml", 65534, 65534)
    with pytest.raises(SettingsError, match="--config"):
        find(environ={})


def test_text_that_is_not_toml_is_reported_with_its_line() -> None:
    assert "line 2" in mistakes("[server]\nlisten = \n")[0]
