"""The address on which the web process listens."""

from __future__ import annotations

import pytest

from hookserver.errors import HookserverError
from hookserver.web.gunicorn import listen


@pytest.mark.parametrize(
    ("address", "host"), [("127.0.0.1:0", "127.0.0.1"), ("0", "0.0.0.0"), ("*:0", "0.0.0.0"), ("[::1]:0", "::1")]
)
def test_address_or_a_port_alone_is_listened_on(address: str, host: str) -> None:
    with listen(address) as listener:
        assert listener.getsockname()[0] == host


def test_address_that_is_taken_or_not_ours_is_reported_with_the_remedy() -> None:
    with listen("127.0.0.1:0") as listener:
        taken = f"127.0.0.1:{listener.getsockname()[1]}"
        for address in (taken, "192.0.2.1:80"):
            with pytest.raises(HookserverError, match=f"cannot listen on {address}") as refused:
                listen(address)
            assert "server.listen" in refused.value.remedy
