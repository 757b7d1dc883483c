"""An Nginx that somebody compiled by hand, named /opt/nginx/sbin, without the modules of a distribution's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hookserver.errors import NginxError
from hookserver.models import Slot, TrafficState
from hookserver.nginx import Nginx
from tests.integration.nginx.conftest import NginxSite
from tests.shop.operators_nginx import HAND_BUILT

pytestmark = pytest.mark.parametrize("site", ["compiled"], indirect=True)


@pytest.mark.parametrize("binary", [HAND_BUILT, HAND_BUILT / "sbin"])
def test_compiled_nginx_is_found_by_the_write_ups_path_and_by_its_prefix(site: NginxSite, binary: Path) -> None:
    assert site.operator is not None
    site.operator = replace(site.operator, binary=str(binary))
    assert site.apply()
    assert site.ask().status == 503
    assert "Welcome to nginx" in site.ask(host="unknown.example.com").body


def test_missing_module_is_an_error_where_a_setting_needs_it(site: NginxSite) -> None:
    site.nginx_keys = 'trusted_proxies = ["10.0.0.0/8"]'
    with pytest.raises(NginxError, match="needs http_realip_module, which /opt/nginx/sbin was built without"):
        site.apply()


def test_compiled_nginx_works_as_the_managed_instance_too(site: NginxSite) -> None:
    assert site.operator is not None
    site.operator.stop()
    site.nginx_keys, site.operator = f'binary = "{HAND_BUILT}/sbin"', None
    site.serve(Slot.BLUE)
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    assert site.ask().json["name"].startswith("blue")
    Nginx(site.settings, patience=0.5).stop()
