"""The texts of our own files beside an operator's."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import settings as hypothesis_settings

from hookserver.addresses import all_endpoints
from hookserver.config import Settings
from hookserver.nginx.system.dump import read_dump
from hookserver.nginx.system.foreign import servers
from hookserver.nginx.system.text import COMMON, Surroundings, render_system
from hookserver.nginx.text.managed import digest
from tests.unit.nginx.strategies import all_settings, numbers

SHOP: dict[str, object] = {"repository": "push", "domains": ["shop.example.com"], "redirects": ["www.shop.example.com"]}


def around(foreign: str = "", lacking: frozenset[str] = frozenset()) -> Surroundings:
    dump = read_dump(f"# configuration file /etc/nginx/nginx.conf:\nhttp {{ {foreign} }}\n")
    return Surroundings(servers(dump, set()), lacking, "hookserver-0123")


def make(surroundings: Surroundings, **nginx: object) -> dict[Path, str]:
    given_settings = {"nginx": {"mode": "system", **nginx}, "apps": {"shop": SHOP}}
    settings = Settings.model_validate(given_settings)
    return render_system(settings, all_endpoints(settings, {"shop": 1}), surroundings)


def common(surroundings: Surroundings, **nginx: object) -> str:
    return make(surroundings, **nginx)[Path("/etc/nginx/conf.d") / COMMON]


def test_there_are_files_for_all_apps_and_for_each_one_with_its_snippet() -> None:
    assert [str(path) for path in make(around())] == [
        "/etc/nginx/conf.d/hookserver-0-common.conf",
        "/var/lib/hookserver/nginx/snippets/_proxy.conf",
        "/etc/nginx/conf.d/hookserver-app-shop.conf",
        "/var/lib/hookserver/nginx/snippets/shop.conf",
    ]


def test_the_common_file_comes_first_and_its_first_server_leads_nowhere() -> None:
    paths = list(make(around()))
    in_conf_dir = [path for path in paths if path.parent.name == "conf.d"]
    assert sorted(in_conf_dir) == in_conf_dir
    first = common(around()).partition("\nserver {")[2].partition("}")[0]
    assert 'server_name ""' in first
    assert "return 404" in first


def test_ours_is_never_the_default_server() -> None:
    assert not any("default_server" in text for text in make(around()).values())


def test_where_they_listen_too_unknown_names_are_theirs() -> None:
    assert 'server_name "";' not in common(around("server { listen 80 default_server; }"))


def test_a_domain_or_redirect_of_theirs_gets_no_server_of_ours() -> None:
    theirs = "server { server_name shop.example.com; } server { server_name www.shop.example.com; }"
    assert "shop.example.com" in common(around())
    assert "shop.example.com" not in common(around(theirs))


def test_status_server_listens_on_loopback_where_an_operators_server_hides_it() -> None:
    assert "listen 127.0.0.1:80;" in common(around("server { listen 127.0.0.1:80; }"))
    assert "127.0.0.1:80" not in common(around("server { listen 80; }"))


def test_only_maps_and_a_log_format_apply_to_all_servers() -> None:
    text = common(around(), trusted_proxies=["10.0.0.0/8"])
    outside = re.findall(r"^(\w+)", text, re.MULTILINE)
    assert set(outside) <= {"map", "geo", "log_format", "limit_conn_zone", "upstream", "server"}


def test_directives_of_modules_that_are_lacking_are_left_out() -> None:
    lacking = frozenset({"http-cache", "http_upstream_keepalive_module"})
    for text in make(around(lacking=lacking)).values():
        assert "proxy_cache" not in text
        assert "keepalive 64" not in text
    assert any("proxy_cache off;" in text for text in make(around()).values())


def test_the_digest_follows_every_file() -> None:
    assert digest(common(around())) != digest(common(around(), max_body="1m"))


@given(all_settings())
@hypothesis_settings(max_examples=40, deadline=None)
def test_every_app_has_its_file_and_every_domain_one_server(settings: Settings) -> None:
    texts = render_system(settings, all_endpoints(settings, numbers(settings)), around())
    assert len(texts) == 2 + 2 * len(settings.apps)
    named = re.findall(r'server_name (".*");', texts[settings.nginx.conf_dir / COMMON])
    domains = [domain for names in named for domain in re.findall(r'"([^"]+)"', names)]
    assert sorted(domains) == sorted({domain for app in settings.apps.values() for domain in app.domains})
