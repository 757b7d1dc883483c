"""The maps and the log format that both modes have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hookserver.addresses import all_endpoints
from hookserver.config import Settings
from hookserver.nginx.system.dump import read_dump
from hookserver.nginx.system.foreign import servers
from hookserver.nginx.system.text import COMMON, Surroundings, render_system
from hookserver.nginx.text.managed import render
from hookserver.nginx.text.tables import tables

SHOP = {"repository": "push", "domains": ["shop.example.com"], "redirects": ["www.example.com"]}


def make(trusted: list[str]) -> Settings:
    return Settings.model_validate({"apps": {"shop": SHOP}, "nginx": {"trusted_proxies": trusted}})


@pytest.mark.parametrize("trusted", [[], ["10.0.0.0/8"]])
def test_every_variable_of_the_text_has_a_value(trusted: list[str]) -> None:
    settings = make(trusted)
    text = render(settings, all_endpoints(settings, {"shop": 0}), "status")
    used = set(re.findall(r"\$(hs_\w+)", text.conf + text.proxy))
    by_map = re.findall(r"^ *(?:map|geo) .*\$(hs_\w+) \{$", text.conf, re.MULTILINE)
    by_group = re.findall(r"\(\?<(hs_\w+)>", text.conf)
    by_location = re.findall(r"set \$(hs_\w+) ", text.conf)
    assert used - {"hs_shop_", "hs_"} <= {*by_map, *by_group, *by_location}


def test_both_modes_have_the_same_tables() -> None:
    settings = make([])
    endpoints = all_endpoints(settings, {"shop": 0})
    around = Surroundings(servers(read_dump(""), set()), frozenset(), "status")
    beside = render_system(settings, endpoints, around)[Path(settings.nginx.conf_dir) / COMMON]
    own = render(settings, endpoints, "status").conf
    shared = tables(settings, endpoints)
    assert "\n".join(shared) in beside
    assert "\n".join(f"    {line}" if line else "" for line in shared) in own
