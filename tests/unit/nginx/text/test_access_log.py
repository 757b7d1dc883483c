"""The access log."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.models import Endpoint
from hookserver.nginx.text.access_log import access_log, log_format
from tests.unit.nginx.nginx_maps import value

REPLICAS = [
    Endpoint("hs-shop-blue-1", "blue1", "172.30.240.16"),
    Endpoint("hs-shop-blue-2", "blue2", "172.30.240.17"),
    Endpoint("hs-shop-green-1", "green1", "172.30.240.24"),
]
LINES = log_format(REPLICAS)
SESSION = "0AF9C3D2E5B7418F9C3D2E5B7418F0AF"


def test_access_log_is_written_within_a_second() -> None:
    assert access_log(Path("/srv/hs/nginx")) == (
        'access_log "/srv/hs/nginx/logs/access.log" hs_json buffer=32k flush=1s;'
    )


def test_log_format_is_one_json_object_a_request() -> None:
    text = "".join(re.findall(r"'(.*)'", "\n".join(LINES).partition("log_format hs_json")[2]))
    numbers = ("status", "request_time", "body_bytes_sent")
    filled = re.sub(r"\$(\w+)", lambda found: "200" if found[1] in numbers else found[1], text)
    assert json.loads(filled) == {
        "time": "time_iso8601",
        "app": "hs_app",
        "replica": "hs_replica",
        "session": "hs_session",
        "route": "hs_route",
        "status": 200,
        "upstream_status": "upstream_status",
        "seconds": 200,
        "upstream_seconds": "upstream_response_time",
        "bytes": 200,
        "method": "hs_method",
        "host": "host",
        "uri": "hs_logged_uri",
        "client": "remote_addr",
        "request_id": "hs_request_id",
        "agent": "http_user_agent",
        "upstream": "upstream_addr",
    }
    assert "log_format hs_json escape=json" in LINES
    assert LINES[-1].endswith("';")


@pytest.mark.parametrize(
    ("addresses", "replica"),
    [
        ("172.30.240.16:8080", "blue1"),
        ("172.30.240.16:8080, 172.30.240.17:8080", "blue2"),
        ("172.30.240.16:8080 : 172.30.240.24:8080", "green1"),
        ("172.30.240.99:8080", ""),
        ("1172.30.240.16:8080", ""),
        ("", ""),
    ],
)
def test_replica_is_the_last_one_that_was_tried(addresses: str, replica: str) -> None:
    assert value(LINES, "hs_replica", upstream_addr=addresses) == replica


@pytest.mark.parametrize(
    ("uri", "logged"),
    [
        (f"/a;jsessionid={SESSION}.blue1/b?c=d", "/a;jsessionid=0AF9C3D2.../b?c=d"),
        (f"/a;JSESSIONID={SESSION}", "/a;JSESSIONID=0AF9C3D2..."),
        (f"/a;sid={SESSION}.green12;x=y", "/a;sid=0AF9C3D2...;x=y"),
        (f"/a;sid={SESSION};x=y", f"/a;sid={SESSION};x=y"),
        ("/a?b=c", "/a?b=c"),
    ],
)
def test_logged_uri_has_no_whole_session_id(uri: str, logged: str) -> None:
    assert value(LINES, "hs_logged_uri", request_uri=uri) == logged


@given(st.text("0123456789ABCDEF", min_size=24, max_size=64), st.sampled_from(["jsessionid", "sid", "SHOPSESSION"]))
def test_session_id_of_a_replica_is_never_logged_whole(session: str, name: str) -> None:
    uri = f"/shop;{name}={session}.blue1"
    assert session[:9] not in value(LINES, "hs_logged_uri", request_uri=uri).partition("=")[2]
