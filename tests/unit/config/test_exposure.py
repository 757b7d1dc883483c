from __future__ import annotations

import pytest

from hookserver.config import ServerSettings
from hookserver.config.exposure import exposed_api


@pytest.mark.parametrize("listen", ["127.0.0.1:9000", "127.0.0.2:9000", "[::1]:9000"])
def test_loopback_address_is_reached_by_this_machine_alone(listen: str) -> None:
    assert exposed_api(ServerSettings(listen=listen)) == ""


@pytest.mark.parametrize(
    "listen", ["9000", "*:9000", "0.0.0.0:9000", "[::]:9000", "203.0.113.7:9000", "172.17.0.1:9000"]
)
def test_any_other_address_is_reported(listen: str) -> None:
    assert f'server.listen: "{listen}" can be reached from containers' in exposed_api(ServerSettings(listen=listen))
