"""The servers that both modes have."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from hookserver.config import Settings
from hookserver.errors import NginxError
from hookserver.nginx.text.servers import app_servers, by_domain, redirect, redirects, status_server
from tests.unit.nginx.strategies import all_settings


def make(apps: dict[str, dict[str, Any]], **top: Any) -> Settings:
    named = {name: {"repository": "push", **app} for name, app in apps.items()}
    return Settings.model_validate({"server": {"state_dir": "/srv/hs"}, "apps": named, **top})


def test_by_domain_groups_domains_at_which_the_same_apps_answer() -> None:
    settings = make(
        {
            "shop": {"domains": ["a.example.com", "b.example.com", "c.example.com"]},
            "blog": {"domains": ["b.example.com"], "path": "/blog"},
            "wiki": {"domains": ["d.example.com"]},
        }
    )
    assert by_domain(settings) == {
        ("shop",): ["a.example.com", "c.example.com"],
        ("shop", "blog"): ["b.example.com"],
        ("wiki",): ["d.example.com"],
    }


@given(all_settings())
@hypothesis_settings(max_examples=40, deadline=None)
def test_by_domain_has_every_domain_once(settings: Settings) -> None:
    domains = [domain for names in by_domain(settings).values() for domain in names]
    assert sorted(domains) == sorted({domain for app in settings.apps.values() for domain in app.domains})


def test_redirects_lead_to_an_apps_first_domain() -> None:
    settings = make(
        {
            "shop": {"domains": ["a.example.com", "b.example.com"], "redirects": ["www.example.com"]},
            "blog": {"domains": ["a.example.com"], "path": "/blog", "redirects": ["blog.example.com"]},
            "wiki": {"domains": ["c.example.com"]},
        }
    )
    assert redirects(settings) == {"a.example.com": ["www.example.com", "blog.example.com"]}


def test_domains_and_redirects_that_are_named_twice_count_once() -> None:
    twice = {"domains": ["a.example.com", "a.example.com"], "redirects": ["www.example.com"]}
    settings = make({"shop": twice, "blog": {**twice, "path": "/blog"}})
    assert by_domain(settings) == {("shop", "blog"): ["a.example.com"]}
    assert redirects(settings) == {"a.example.com": ["www.example.com"]}


def test_redirect_keeps_scheme_port_path_and_query() -> None:
    settings = make({}, nginx={"listen": ["80", "[::]:80"]})
    assert redirect(settings, "shop.example.com", ["a.example.com", "*.example.org"]) == [
        "listen 80;",
        "listen [::]:80;",
        'server_name "a.example.com" "*.example.org";',
        "return 301 $scheme://shop.example.com$hs_host_port$request_uri;",
    ]


def test_redirect_keeps_the_scheme_that_a_trusted_proxy_says() -> None:
    settings = make({}, nginx={"trusted_proxies": ["10.0.0.0/8"]})
    assert redirect(settings, "shop.example.com", ["a.example.com"])[-1] == (
        "return 301 $hs_proto://shop.example.com$hs_host_port$request_uri;"
    )


def test_status_server_answers_for_each_app_for_the_text_and_for_the_flags() -> None:
    settings = make({"shop": {"domains": ["a.example.com"], "release": {"sessions": "none"}}})
    assert status_server(settings, ["80", "127.0.0.1:80"], "hookserver-0123", "abc") == [
        "listen 80;",
        "listen 127.0.0.1:80;",
        "server_name hookserver-0123;",
        "access_log off;",
        "open_file_cache off;",
        "default_type application/x-hookserver;",
        "",
        "# The name of the traffic flag of shop.",
        "location = /state/shop {",
        '    if (-f "/srv/hs/live/shop/blue") { return 200 blue; }',
        '    if (-f "/srv/hs/live/shop/green") { return 200 green; }',
        '    if (-f "/srv/hs/live/shop/blue") { return 200 blue; }',
        "    return 200 none;",
        "}",
        "",
        "# The digest of this configuration.",
        "location = /config { return 200 abc; }",
        "# Whether this Nginx can read the traffic flags.",
        "location = /flags {",
        '    if (-f "/srv/hs/live/.readable") { return 200 readable; }',
        "    return 200 unreadable;",
        "}",
        "location / { return 404; }",
    ]


def test_status_server_with_a_path_that_nginx_cannot_have_is_refused() -> None:
    settings = make({}, server={"state_dir": "/srv/$HOME"})
    with pytest.raises(NginxError, match="cannot be written to an Nginx configuration"):
        status_server(settings, ["80"], "hookserver-0123", "abc")


def test_app_servers_leave_out_names_that_are_not_free() -> None:
    settings = make({"shop": {"domains": ["a.example.com", "b.example.com"], "redirects": ["www.example.com"]}})
    lines = app_servers(
        settings,
        lambda app: [f"# {app.name}"],
        ["keepalive_requests 1;"],
        lambda name: name not in ("b.example.com", "www.example.com"),
    )
    assert lines == [
        "",
        "# The domains of shop.",
        "server {",
        "    listen 80;",
        '    server_name "a.example.com";',
        "    keepalive_requests 1;",
        "    # shop",
        "}",
    ]
