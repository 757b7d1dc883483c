"""The upstreams."""

from __future__ import annotations

import itertools

import pytest

from hookserver.addresses import all_endpoints
from hookserver.config import Settings
from hookserver.nginx.text.access_log import log_format
from hookserver.nginx.text.managed import render
from hookserver.nginx.text.upstreams import routes
from tests.unit.nginx.nginx_maps import values

SESSION = "0AF9C3D2E5B7418F9C3D2E5B7418F0AF"


def lines(replicas: int, apps: int = 1, sessions: str = "sticky") -> int:
    """Of the whole text, for so many apps with so many replicas."""
    shop = {"repository": "push", "replicas": replicas, "release": {"sessions": sessions}}
    named = {f"shop{number}": {**shop, "domains": [f"shop{number}.example.com"]} for number in range(apps)}
    settings = Settings.model_validate({"apps": named})
    numbers = {app: number for number, app in enumerate(named, 1)}
    text = render(settings, all_endpoints(settings, numbers), "status")
    return len((text.conf + text.proxy).splitlines())


@pytest.mark.parametrize("sessions", ["none", "sticky", "shared"])
def test_each_further_replica_costs_the_same_number_of_lines(sessions: str) -> None:
    sizes = [lines(replicas, sessions=sessions) for replicas in range(3, 9)]
    assert len({after - before for before, after in itertools.pairwise(sizes)}) == 1


def test_each_further_app_costs_the_same_number_of_lines() -> None:
    sizes = [lines(2, apps) for apps in range(1, 5)]
    assert len({after - before for before, after in itertools.pairwise(sizes)}) == 1


@pytest.mark.parametrize(
    ("session", "start", "route"),
    [
        (f"{SESSION}.blue1", "0AF9C3D2", "blue1"),
        (f"{SESSION}.green1", "", ""),
        (f"{SESSION[:23]}.blue1", "", "blue1"),
        (SESSION, "", ""),
        (f"{SESSION}.blue1x", "", ""),
        ("", "", ""),
    ],
)
def test_session_is_known_by_its_route_and_named_by_its_start(session: str, start: str, route: str) -> None:
    lines = [*routes(), *log_format([])]
    for variables in (
        {"http_cookie": f"a=b; sid={session}", "request_uri": "/"},
        {"http_cookie": "", "request_uri": f"/a;sid={session}?b"},
    ):
        assert values(lines, "hs_route", "hs_session", hs_state="blue", **variables) == (route, start)
