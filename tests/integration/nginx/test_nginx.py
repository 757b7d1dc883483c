"""The promises of Nginx that both modes keep."""

from __future__ import annotations

import pytest

from hookserver.models import Slot, TrafficState
from hookserver.nginx import logs
from tests.contracts import keeps_the_traffic_contract
from tests.integration.nginx.conftest import NginxSite
from tests.waiting import until

pytestmark = pytest.mark.parametrize("site", ["managed", "system"], indirect=True)


def test_nginx_keeps_the_contract_of_traffic(site: NginxSite) -> None:
    keeps_the_traffic_contract(site.nginx, site.settings, site.all_endpoints, "shop", site.stop)


def test_log_over_its_size_is_put_aside_and_writing_continues(site: NginxSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "SIZE", 100)
    site.serve(Slot.BLUE)
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    log = site.folder / "logs/access.log"
    assert site.ask("/first").status == 200
    until(lambda: "/first" in log.read_text())  # Nginx logs a request once its answer is on its way
    site.nginx.rotate_logs()
    until(log.exists)

    def is_written() -> bool:
        """By a worker that has reopened its logs."""
        site.ask("/second")
        return "/second" in log.read_text()

    until(is_written)
    assert "/first" not in log.read_text()
    assert "/first" in log.with_name("access.log.1").read_text()
