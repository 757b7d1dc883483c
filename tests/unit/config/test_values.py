"""Durations, sizes, addresses and names as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.config import Settings, parse
from hookserver.config.values import format_duration, format_size, is_branch, parse_duration, parse_size
from tests.unit.config.samples import APP, mistakes, settings


@pytest.mark.parametrize(
    "name", ["; } server {", "a\nb", "$host", "Shop", "-shop", "shop-", "a" * 41, "sh op", "../x", "ä"]
)
def test_name_that_would_break_out_of_a_file_is_refused(name: str) -> None:
    quoted = name.encode("unicode_escape").decode()
    assert mistakes(f'[apps."{quoted}"]\nrepository = "push"\ndomains = ["a.example.com"]\n')


@pytest.mark.parametrize(
    "repository",
    [
        "ext::sh -c true",
        "https://",
        "--upload-pack=touch x",
        "-u",
        "file",
        "relative/path",
        "https://a b",
        "git@host:-x",
        "",
    ],
)
def test_hostile_repository_is_refused(repository: str) -> None:
    assert mistakes(f'[apps.shop]\nrepository = "{repository}"\ndomains = ["a.example.com"]\n')


@pytest.mark.parametrize(
    "repository",
    [
        "push",
        "https://git.example.com/acme/shop.git",
        "ssh://git@host:2222/shop",
        "git@host:acme/shop.git",
        "/srv/x.git",
    ],
)
def test_every_usual_kind_of_repository_is_accepted(repository: str) -> None:
    text = f'[apps.shop]\nrepository = "{repository}"\ndomains = ["a.example.com"]\n'
    assert parse(text, Path("x")).settings.apps["shop"].repository == repository


def test_durations_and_sizes_are_read_as_people_write_them() -> None:
    app = settings('[apps.shop.health]\ninterval = "200ms"\ndeadline = "2m"\n[apps.shop.tomcat]\nmemory = "1g"').apps[
        "shop"
    ]
    assert (app.health.interval, app.health.deadline, app.tomcat.memory) == (0.2, 120.0, 1 << 30)


@pytest.mark.parametrize(
    "duration", ["inf", "nan", '"99999999d"', '"30"', '"-1s"', '"soon"', "-1", "true", '"1 fortnight"']
)
def test_duration_that_could_be_misread_is_refused(duration: str) -> None:
    assert mistakes(APP + f"[apps.shop.release]\ndrain = {duration}\n")


@pytest.mark.parametrize("context", ["/shop", "../../conf; x", "..", "a#..#b", "a##1", "shop\\n", "de#"])
def test_wrong_context_is_refused(context: str) -> None:
    assert "is not a context" in mistakes(APP + f'[apps.shop.tomcat]\ncontext = "{context}"')[0]


@pytest.mark.parametrize("context", ["ROOT", "shop", "de#shop-2", "a.b", "-x"])
def test_every_usual_context_is_accepted(context: str) -> None:
    assert settings(f'[apps.shop.tomcat]\ncontext = "{context}"').apps["shop"].tomcat.context == context


def test_every_relative_path_counts_from_the_files_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    text = (
        """
        [server]
        state_dir = "state"
        [nginx]
        binary = "../nginx/sbin"
        conf_dir = "conf.d"
        """
        + APP
        + """
        [apps.shop.build]
        ca_bundle = "ca.pem"
        env_files = { NEXUS = "nexus" }
        volumes = ["./m2:/root/.m2", "named:/x"]
        [apps.shop.tomcat]
        env_file = "shop.env"
        """
    )
    read = parse(text, tmp_path / "etc" / "hookserver.toml").settings
    shop, etc = read.apps["shop"], tmp_path / "etc"
    assert (read.server.state.root, read.nginx.conf_dir) == (etc / "state", etc / "conf.d")
    assert (read.nginx.binary, Settings().nginx.binary) == (str(tmp_path / "nginx/sbin"), "nginx")
    assert (shop.build.ca_bundle, shop.build.env_files) == (etc / "ca.pem", {"NEXUS": etc / "nexus"})
    assert shop.build.volumes == (f"{etc}/m2:/root/.m2", "named:/x")
    assert shop.tomcat.env_file == etc / "shop.env"


@pytest.mark.parametrize("user", ["u:pa[ss-canary", "u:pass-canary]", "u:pass-canary/x", "u:canary#y", "u:a canary"])
def test_unreadable_address_is_reported_without_its_password(user: str) -> None:
    told = mistakes(APP.replace('"push"', f'"https://{user}@git.example.com/shop.git"'))
    assert [line.split(": ")[0] for line in told] == ["apps.shop.repository"]
    assert "canary" not in str(told)


@pytest.mark.parametrize(
    ("place", "file"),
    [
        ("conf/../../etc/passwd", "a"),
        ("/conf/server.xml", "a"),
        ("lib/driver.zip", "a"),
        ("bin/catalina.sh", "a"),
        ("webapps/manager.war", "a"),
        ("conf/server.xml", "../server.xml"),
        ("conf/server.xml", ""),
    ],
)
def test_own_tomcat_files_have_known_places_and_leave_no_folder(place: str, file: str) -> None:
    assert "apps.shop.tomcat.files" in mistakes(APP + f"[apps.shop.tomcat]\nfiles = {{ '{place}' = '{file}' }}")[0]


@given(st.integers(min_value=0, max_value=10**9))
def test_formatted_duration_is_read_back(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds / 1000)) == pytest.approx(milliseconds / 1000)


@given(st.integers(min_value=1, max_value=1 << 50))
def test_formatted_size_is_read_back(size: int) -> None:
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize("name", ["main", "feature/tea", "v1.2", "a@b", "ümlaut"])
def test_branch_that_git_accepts_is_one(name: str) -> None:
    assert is_branch(name)


@pytest.mark.parametrize("name", ["", "@", "-x", "a..b", "a b", "a.lock", "a\u202eb", "x" * 251])
def test_name_that_git_refuses_or_a_terminal_disguises_is_no_branch(name: str) -> None:
    assert not is_branch(name)
