"""An app's locations for an operator's own server."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import Settings
from hookserver.errors import NginxError
from hookserver.nginx.system.snippet import proxy_file, snippet, snippet_file


def make(state_dir: str = "/srv/hs", path: str = "/") -> Settings:
    shop = {"repository": "push", "domains": ["shop.example.com"], "path": path}
    return Settings.model_validate({"server": {"state_dir": state_dir}, "apps": {"shop": shop}})


def test_snippet_file_is_named_after_its_app() -> None:
    assert snippet_file(make(), "shop") == Path("/srv/hs/nginx/snippets/shop.conf")


def test_proxy_file_is_beside_the_snippets_under_a_name_that_no_app_has() -> None:
    assert proxy_file(make()) == Path("/srv/hs/nginx/snippets/_proxy.conf")
    with pytest.raises(ValueError, match="_proxy"):
        Settings.model_validate({"apps": {"_proxy": {"repository": "push", "domains": ["shop.example.com"]}}})


def test_snippet_has_locations_only() -> None:
    settings = make()
    outside = [line for line in snippet(settings, settings.apps["shop"]) if line and not line.startswith((" ", "#"))]
    assert outside == [
        *("location / {", "}"),
        *("location @hs-shop-upload {", "}"),
        *("location @hs-shop-moved {", "}"),
        *("location @hs-shop-standby {", "}"),
        *("location @hs-shop-fresh {", "}"),
        *("location ^~ /.hookserver/shop/ {", "}"),
    ]


def test_snippet_includes_the_proxy_file_by_its_whole_path() -> None:
    settings = make(path="/shop")
    includes = [line.strip() for line in snippet(settings, settings.apps["shop"]) if "include" in line]
    assert includes == ['include "/srv/hs/nginx/snippets/_proxy.conf";'] * 7


def test_snippet_with_a_path_that_nginx_cannot_have_is_refused() -> None:
    settings = make(state_dir="/srv/$HOME")
    with pytest.raises(NginxError, match="cannot be written to an Nginx configuration"):
        snippet(settings, settings.apps["shop"])
