"""The host name of the status server, with which anybody could ask which slot is live."""

from __future__ import annotations

import pytest

from hookserver.models import Slot, TrafficState
from hookserver.nginx.status_at import StatusAt
from tests.integration.nginx.conftest import APPS, NginxSite


@pytest.mark.parametrize("site", ["managed", "system"], indirect=True)
def test_status_name_is_in_no_file_that_others_can_read(site: NginxSite) -> None:
    site.serve(Slot.BLUE)
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    site.ask()
    site.apps = APPS.replace("shop.example.com", "other.example.com")
    site.apply()
    name = StatusAt(site.settings).name().encode()
    having = [file for file in site.state_dir.parent.rglob("*") if file.is_file() and name in file.read_bytes()]
    assert len(having) >= 2, "its own file, and the configuration"
    assert [file for file in having if file.stat().st_mode & 0o077] == []
