"""Reports about an operator's own servers."""

from __future__ import annotations

import pytest

from hookserver.config import Settings
from hookserver.nginx.binary import NginxBuild
from hookserver.nginx.system.dump import read_dump
from hookserver.nginx.system.foreign import servers
from hookserver.nginx.system.operators import Operators
from hookserver.nginx.system.snippet import snippet_file

SETTINGS = Settings.model_validate(
    {"apps": {"shop": {"repository": "push", "domains": ["shop.example.com"], "redirects": ["www.example.com"]}}}
)
SNIPPET = snippet_file(SETTINGS, "shop")


def unreached(*theirs: str) -> list[str]:
    text = "".join(f"server {{ {server} }}\n" for server in theirs)
    files = {"/etc/nginx/nginx.conf": f"http {{\n{text}}}", str(SNIPPET): "set $a b;"}
    dump = read_dump("".join(f"# configuration file {name}:\n{text}\n" for name, text in files.items()))
    seen = Operators(dump, servers(dump, {SNIPPET}), NginxBuild((1, 26), {}))
    return seen.unreached(SETTINGS, SETTINGS.apps["shop"])


@pytest.mark.parametrize("name", ["shop.example.com", r"~^(www\.)?shop\.example\.com$"])
def test_server_with_the_domain_is_reported_with_the_snippet_until_it_includes_it(name: str) -> None:
    (message,) = unreached(f"server_name {name};")
    assert "shop.example.com has a server of its own at /etc/nginx/nginx.conf:2" in message
    assert f"include {SNIPPET};" in message
    assert unreached(f"server_name {name}; include {SNIPPET};") == []


def test_wildcard_that_ours_precedes_is_reported_for_domains_and_redirects() -> None:
    for line, name in zip(unreached("server_name *.example.com;"), ("shop", "www"), strict=True):
        assert f"*.example.com at /etc/nginx/nginx.conf:2 matches {name}.example.com too" in line
    assert unreached(f"server_name *.example.com; include {SNIPPET};") == []
    assert unreached("server_name _; listen 80 default_server;") == []
