"""The text of the configuration."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from hookserver.addresses import AS_THE_SETTINGS_SAY, Replicas, all_endpoints
from hookserver.config import Settings
from hookserver.errors import NginxError
from hookserver.models import Slot
from hookserver.nginx.text import managed
from hookserver.nginx.text.managed import digest
from tests.unit.nginx.strategies import all_settings, numbers

SHOP: dict[str, object] = {"repository": "push", "domains": ["shop.example.com"]}


def make(**apps: dict[str, object]) -> Settings:
    return Settings.model_validate({"apps": {name.replace("_", "-"): app for name, app in apps.items()}})


def render(
    settings: Settings, numbers: dict[str, int], status: str, user: str = "", counts: Replicas = AS_THE_SETTINGS_SAY
) -> str:
    """The configuration alone, without the file that it includes."""
    return managed.render(settings, all_endpoints(settings, numbers, counts), status, user).conf


def servers(text: str) -> dict[str, str]:
    """Each domain → its server block."""
    found = {}
    for block in re.findall(r"^    server \{\n(.*?)^    \}", text, re.MULTILINE | re.DOTALL):
        names = re.search(r"^        server_name (.*);$", block, re.MULTILINE)
        for domain in re.findall(r'"(.*?)"', names[1]) if names else []:
            assert domain not in found
            found[domain] = block
    return found


def upstream(text: str, name: str) -> list[str]:
    block = re.search(rf"upstream {name} \{{\n(.*?)\}}", text, re.DOTALL)
    assert block
    return re.findall(r"server (.*);", block[1])


def test_a_slot_is_one_upstream_over_its_replicas_and_one_for_each_with_its_siblings_as_backup() -> None:
    text = render(make(my_shop=SHOP), {"my-shop": 1}, "status")
    assert upstream(text, "hs_my_shop_blue") == ["172.30.240.8:8080 max_fails=0", "172.30.240.9:8080 max_fails=0"]
    assert upstream(text, "hs_my_shop_green2") == [
        *["172.30.240.17:8080 max_fails=0"] * 3,
        "172.30.240.16:8080 max_fails=0 backup",
    ]


def test_shared_sessions_need_no_second_attempt() -> None:
    text = render(make(shop={**SHOP, "release": {"sessions": "shared"}}), {"shop": 1}, "status")
    assert upstream(text, "hs_shop_green2") == [
        "172.30.240.17:8080 max_fails=0",
        "172.30.240.16:8080 max_fails=0 backup",
    ]


def test_a_slot_has_as_many_servers_as_the_release_in_it_and_an_empty_one_as_the_settings_say() -> None:
    text = render(make(shop={**SHOP, "replicas": 3}), {"shop": 1}, "status", counts={"shop": {Slot.BLUE: 1}})
    assert len(upstream(text, "hs_shop_blue")) == 1
    assert len(upstream(text, "hs_shop_green")) == 3
    assert "upstream hs_shop_blue2" not in text


def test_live_slot_is_the_backup_of_a_sticky_replica() -> None:
    text = render(make(shop=SHOP), {"shop": 1}, "status")
    assert upstream(text, "hs_shop_green2_sticky") == [
        *["172.30.240.17:8080 max_fails=0"] * 3,
        "172.30.240.9:8080 max_fails=0 backup",
        "172.30.240.8:8080 max_fails=0 backup",
    ]


def test_no_slot_is_sticky_where_sessions_are_not() -> None:
    text = render(make(shop={**SHOP, "release": {"sessions": "none"}}), {"shop": 1}, "status")
    assert "_sticky" not in text
    assert "-sticky-" not in text.partition("log_format")[2]


def test_a_shared_session_moves_to_the_replica_with_the_same_number() -> None:
    text = render(make(shop={**SHOP, "release": {"sessions": "shared"}}), {"shop": 1}, "status")
    assert "green:blue2 hs_shop_green2;" in text
    assert "blue:green1 hs_shop_blue1;" in text
    assert "green:blue2 hs_shop_green2;" not in render(make(shop=SHOP), {"shop": 1}, "status")


def test_without_affinity_no_session_chooses_a_replica() -> None:
    assert "blue:blue1 hs_shop_blue1;" in render(make(shop=SHOP), {"shop": 1}, "status")
    text = render(make(shop={**SHOP, "release": {"sessions": "none"}}), {"shop": 1}, "status")
    assert "blue:blue1" not in text


def test_request_that_a_replica_left_undone_goes_to_the_next_one_or_to_the_live_slot() -> None:
    text = render(make(shop={**SHOP, "replicas": 3}), {"shop": 1}, "status")
    after = text.partition('map "$hs_slot_now:$hs_cut_off" $hs_shop_after {')[2].partition("}")[0]
    assert [line.strip() for line in after.strip().splitlines()] == [
        "default hs_shop_$hs_slot_now;",
        "blue:172.30.240.8 hs_shop_blue2;",
        "blue:172.30.240.9 hs_shop_blue3;",
        "blue:172.30.240.10 hs_shop_blue1;",
        "green:172.30.240.16 hs_shop_green2;",
        "green:172.30.240.17 hs_shop_green3;",
        "green:172.30.240.18 hs_shop_green1;",
    ]


def test_the_workers_get_a_user_only_when_one_is_named() -> None:
    settings = make(shop=SHOP)
    assert "\nuser www-data www-data;\n" in render(settings, {"shop": 1}, "status", "www-data www-data")
    assert "user" not in render(settings, {"shop": 1}, "status").partition("http {")[0]


def test_the_text_carries_its_own_digest_which_follows_every_change() -> None:
    settings = make(shop=SHOP)
    first, second = render(settings, {"shop": 1}, "status"), render(settings, {"shop": 2}, "status")
    assert re.fullmatch(r"[0-9a-f]{64}", digest(first))
    assert digest(first) != digest(second)
    assert render(settings, {"shop": 1}, "status") == first


def test_text_needs_no_unusual_module_without_a_trusted_proxy() -> None:
    text = render(make(shop=SHOP), {"shop": 1}, "status")
    assert "real_ip" not in text
    assert "$hs_trusted" not in text


@pytest.mark.parametrize("state_dir", ["/srv/$HOME", "/srv/new\nline", "/srv/bell\a"])
def test_a_state_dir_that_nginx_has_no_way_to_write_down_is_refused(state_dir: str) -> None:
    settings = Settings.model_validate({"server": {"state_dir": state_dir}, "apps": {"shop": SHOP}})
    with pytest.raises(NginxError, match="cannot be written to an Nginx configuration"):
        render(settings, {"shop": 1}, "status")


@given(all_settings())
@hypothesis_settings(max_examples=60, deadline=None)
def test_every_domain_leads_to_the_apps_that_named_it_and_to_no_other(settings: Settings) -> None:
    text = render(settings, numbers(settings), "status")
    found = servers(text)
    assert set(found) == {domain for app in settings.apps.values() for domain in app.domains}
    for domain, block in found.items():
        led_to = set(re.findall(r"proxy_pass http://\$hs_(\w+)_upstream;", block))
        assert led_to == {app.name.replace("-", "_") for app in settings.apps.values() if domain in app.domains}


@given(all_settings())
@hypothesis_settings(max_examples=60, deadline=None)
def test_no_two_apps_share_an_upstream_a_variable_or_an_address(settings: Settings) -> None:
    text = render(settings, numbers(settings), "status")
    upstreams = re.findall(r"^    upstream (\w+) \{", text, re.MULTILINE)
    maps = re.findall(r"^    (?:map|geo) .* \$(\w+) \{", text, re.MULTILINE)
    assert len(set(upstreams)) == len(upstreams)
    assert len(set(maps)) == len(maps)
    whole = [upstream(text, f"hs_{app.replace('-', '_')}_{slot}") for app in settings.apps for slot in Slot]
    addresses = [address for servers_of_slot in whole for address in servers_of_slot]
    assert len(set(addresses)) == len(addresses)


@pytest.mark.parametrize("sessions", ["none", "sticky", "shared"])
def test_named_groups_are_read_in_maps_only(sessions: str) -> None:
    """A map reads its source, which sets them, before its value. Nginx measures other texts before it writes them."""
    settings = make(shop={**SHOP, "release": {"sessions": sessions}})
    text = managed.render(settings, all_endpoints(settings, {"shop": 1}), "status")
    whole = text.conf + text.proxy
    groups = set(re.findall(r"\(\?<(\w+)>", whole))
    outside = re.sub(r"^ *map .*?^ *\}", "", whole, flags=re.MULTILINE | re.DOTALL)
    assert groups
    assert not groups & set(re.findall(r"\$\{?(\w+)", outside))
