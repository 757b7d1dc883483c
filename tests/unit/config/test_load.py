"""The settings file: every mistake at once, each with its path and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hookserver.config import Settings, find, load, parse
from hookserver.errors import SettingsError

EXAMPLE = Path(__file__).parents[3] / "deploy" / "hookserver.example.toml"
APP = '[apps.shop]\nrepository = "push"\ndomains = ["shop.example.com"]\n'


def mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse(text, Path("hookserver.toml"))
    return caught.value.mistakes


def settings(text: str = "") -> Settings:
    return parse(APP + text, Path("hookserver.toml")).settings


def test_only_an_apps_own_facts_have_no_default() -> None:
    assert mistakes("[apps.shop]\n") == [
        "apps.shop.repository: missing; it has no default",
        "apps.shop.domains: missing; it has no default",
    ]


def test_all_mistakes_are_reported_at_once() -> None:
    told = mistakes(
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
    by_path = dict(line.split(": ", 1) for line in told)
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


def test_key_that_does_not_work_yet_is_refused() -> None:
    assert mistakes(APP + "[apps.shop.release]\nwatch = '30s'")


def test_replicated_sessions_need_addresses_of_their_own() -> None:
    overlapping = "[docker]\nsubnet = '172.30.224.0/19'\n" + APP
    parse(overlapping, Path("hookserver.toml"))
    assert "overlaps docker.subnet" in str(mistakes(overlapping + "[apps.shop.release]\nsessions = 'replicated'"))


@pytest.mark.parametrize(
    "name", ["; } server {", "a\nb", "$host", "Shop", "-shop", "shop-", "a" * 41, "sh op", "../x", "ä"]
)
def test_name_that_would_break_out_is_refused(name: str) -> None:
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
def test_usual_kinds_of_repository_are_accepted(repository: str) -> None:
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
def test_context_that_is_none_is_refused(context: str) -> None:
    assert "is not a context" in mistakes(APP + f'[apps.shop.tomcat]\ncontext = "{context}"')[0]


@pytest.mark.parametrize("context", ["ROOT", "shop", "de#shop-2", "a.b", "-x"])
def test_context_is_accepted(context: str) -> None:
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


def test_webhooks_address_is_the_public_one_where_that_is_known() -> None:
    public = parse('[server]\npublic_url = "https://deploy.example.com/"\n', Path("x")).settings.server
    assert public.webhook_url("shop") == "https://deploy.example.com/hooks/shop"
    assert Settings().server.webhook_url("shop") == "http://127.0.0.1:9000/hooks/shop"
    assert mistakes('[server]\npublic_url = "deploy.example.com"')[0].startswith("server.public_url: ")


def test_context_and_the_health_path_follow_the_path() -> None:
    root = settings().apps["shop"]
    below = settings('path = "/de/shop/"\n').apps["shop"]
    assert (root.tomcat.context, root.health.path) == ("ROOT", "/")
    assert (below.path, below.tomcat.context, below.health.path) == ("/de/shop", "de#shop", "/de/shop/")


def test_two_apps_cannot_have_the_same_place() -> None:
    twin = APP.replace("shop]", "twin]")
    assert "both want shop.example.com/" in mistakes(APP + twin)[0]
    apart = twin + 'path = "/twin"\n'
    assert parse(APP + apart, Path("x")).settings.apps.keys() == {"shop", "twin"}


def test_secret_comes_from_its_file_and_never_shows(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cr3t-of-the-shop\n")
    file = tmp_path / "hookserver.toml"
    file.write_text(APP + 'webhook_secret_file = "secret"\n')
    loaded = load(file)
    assert loaded.settings.apps["shop"].webhook_secret.get_secret_value() == "s3cr3t-of-the-shop"
    assert "s3cr3t" not in repr(loaded.settings) + str(loaded.settings) + str(loaded.effective())
    assert ("apps.shop.webhook_secret", '"••••••"', "secret") in loaded.effective()


def test_passwords_in_addresses_and_variables_do_not_show() -> None:
    text = APP.replace('"push"', '"https://ci:hunter2@git.example.com/shop.git"')
    loaded = parse(text + '[apps.shop.tomcat]\nenv = { DB_PASSWORD = "hunter2", DB_USER = "shop" }\n', Path("x"))
    shown = {path: value for path, value, _ in loaded.effective()}
    assert "hunter2" not in repr(loaded.settings) + str(shown)
    assert shown["apps.shop.repository"] == '"https://••••••@git.example.com/shop.git"'
    assert '"DB_USER" = "shop"' in shown["apps.shop.tomcat.env"]


@pytest.mark.parametrize("user", ["u:pa[ss-canary", "u:pass-canary]", "u:pass-canary/x", "u:canary#y", "u:a canary"])
def test_address_that_cannot_be_read_is_reported_with_its_path_and_without_its_password(user: str) -> None:
    told = mistakes(APP.replace('"push"', f'"https://{user}@git.example.com/shop.git"'))
    assert [line.split(": ")[0] for line in told] == ["apps.shop.repository"]
    assert "canary" not in str(told)


def test_secret_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    text = APP + 'webhook_secret_file = "{}"\n'
    for name, why in (("none", "cannot be read"), ("empty", "is empty")):
        with pytest.raises(SettingsError, match=why):
            parse(text.format(name), tmp_path / "hookserver.toml")


def test_each_setting_says_where_it_comes_from() -> None:
    effective = {path: (value, source) for path, value, source in parse(APP, Path("my.toml")).effective()}
    assert effective["apps.shop.domains"] == ('["shop.example.com"]', "my.toml")
    assert effective["apps.shop.release.drain"] == ('"30s"', "default")


def test_output_of_check_can_be_read_again() -> None:
    printed: dict[str, list[str]] = {}
    for path, value, _ in parse(APP, Path("x")).effective():
        section, key = path.rsplit(".", 1)
        printed.setdefault(section, []).append(f"{key} = {value}")
    text = "\n".join(f"[{section}]\n" + "\n".join(lines) for section, lines in printed.items())
    assert parse(text, Path("y")).settings == settings()


def test_example_shows_the_defaults() -> None:
    lines = EXAMPLE.read_text().splitlines()
    spoken = "\n".join(line[2:] if line.startswith("# ") and " = " in line else line for line in lines)
    without_secret = "\n".join(line for line in spoken.splitlines() if "webhook_secret_file" not in line)
    told, default = parse(without_secret, Path("x")).settings, load(EXAMPLE).settings
    shop, shop_default = told.apps["shop"], default.apps["shop"]
    assert shop.model_copy(update={"image": shop_default.image}) == shop_default
    assert (told.server, told.nginx, told.docker) == (default.server, default.nginx, default.docker)


def test_settings_file_is_looked_for_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="hookserver init"):
        find(environ={})
    for name in ("hookserver.toml", "named.toml", "given.toml"):
        (tmp_path / name).touch()
    assert find(environ={}).name == "hookserver.toml"
    assert find(environ={"HOOKSERVER_CONFIG": "named.toml"}).name == "named.toml"
    assert find("given.toml", environ={"HOOKSERVER_CONFIG": "named.toml"}).name == "given.toml"


def test_invalid_toml_is_reported_with_its_line() -> None:
    assert "line 2" in mistakes("[server]\nlisten = \n")[0]


BLOG = '\n[apps.blog]\nrepository = "push"\ndomains = ["blog.example.com"]\n'


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (APP + 'redirects = ["shop.example.com"]', "shop.example.com is a domain of apps.shop"),
        (APP + BLOG + 'redirects = ["shop.example.com"]', "shop.example.com is a domain of apps.shop"),
        (APP + 'redirects = ["www.a.com"]' + BLOG + 'redirects = ["www.a.com"]', "leads to shop.example.com already"),
        (BLOG.replace("blog.ex", "*.ex") + 'redirects = ["www.a.com"]', r"\*.example.com cannot be it"),
        (APP + 'redirects = ["www .a"]', "is not a domain"),
        ('[nginx]\nmode = "sytem"\n' + APP, "Did you mean 'system'"),
    ],
)
def test_redirect_and_a_mode_that_cannot_be_are_reported(text: str, mistake: str) -> None:
    assert re.search(mistake, "\n".join(mistakes(text)))


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
def test_own_tomcat_files_have_known_places_and_climb_out_of_nothing(place: str, file: str) -> None:
    assert "apps.shop.tomcat.files" in mistakes(APP + f"[apps.shop.tomcat]\nfiles = {{ '{place}' = '{file}' }}")[0]
