from __future__ import annotations

import pytest

from hookserver.containers.logs import require_sessions
from hookserver.errors import Unhealthy


@pytest.mark.parametrize(
    ("why", "remedy"),
    [
        ("there is no memory for them", "apps.shop.tomcat.memory"),
        ("no other replica has given them; tcp://172.30.184.1:4000 hangs", "docker restart"),
    ],
)
def test_replica_that_lacks_the_others_sessions_is_not_healthy_and_names_the_remedy(why: str, remedy: str) -> None:
    lines = ["hs-shop-green-1: 3 sessions dropped", f"hs-shop-green-1: the sessions are not all here: {why}"]
    with pytest.raises(Unhealthy, match=why) as refused:
        require_sessions("shop", lines)
    assert remedy in refused.value.remedy


def test_other_message_about_sessions_is_no_reason() -> None:
    require_sessions(
        "shop", ["hs-shop-green-1: 3 sessions dropped", "hs-shop-green-2: tcp://… has not given its sessions"]
    )
