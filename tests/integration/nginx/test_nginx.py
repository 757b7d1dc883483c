"""Nginx, in both modes, keeps the contract of the pipeline's traffic."""

from __future__ import annotations

import pytest

from tests.contracts import keeps_the_traffic_contract
from tests.integration.nginx.conftest import NginxSite


@pytest.mark.parametrize("site", ["managed", "system"], indirect=True)
def test_nginx_keeps_the_contract_of_traffic(site: NginxSite) -> None:
    keeps_the_traffic_contract(site.nginx, site.settings, site.all_endpoints, "shop", site.stop)
