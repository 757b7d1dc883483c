"""The server in front of the web process."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hookserver.config import Settings
from hookserver.errors import NginxError
from hookserver.nginx.text.web import web_server, web_tables


def make(**server: Any) -> Settings:
    return Settings.model_validate({"server": {"state_dir": "/srv/hs", **server}})


def test_requests_at_server_listen_go_to_the_socket_of_the_web_process() -> None:
    settings = make(listen="10.1.2.3:9001")
    assert "    listen 10.1.2.3:9001;" in web_server(settings)
    assert any('server "unix:/srv/hs/web/web.sock"' in line for line in web_tables(settings))


def test_socket_that_cannot_be_written_down_is_an_error() -> None:
    with pytest.raises(NginxError):
        web_tables(make(state_dir="/srv/$hs"))


def test_address_of_the_sender_replaces_what_they_claim() -> None:
    assert any("proxy_set_header X-Forwarded-For $remote_addr;" in line for line in web_server(make()))


def test_trusted_proxy_says_the_address_of_the_sender() -> None:
    settings = Settings.model_validate({"nginx": {"trusted_proxies": ["10.0.0.0/8"]}})
    assert "    set_real_ip_from 10.0.0.0/8;" in web_server(settings)


def test_kept_connections_need_the_module_for_them() -> None:
    lacking = frozenset({"http_upstream_keepalive_module"})
    assert not any("keepalive" in line for line in web_tables(make(), lacking))
    assert any("keepalive" in line for line in web_tables(make()))


def large(transfer_encoding: str, length: str) -> bool:
    """Whether the map counts such a request as large."""
    text = "\n".join(web_tables(make()))
    (pattern,) = re.findall(r'"~(.*)" "";', text)
    return re.search(pattern, f"{transfer_encoding}:{length}") is None


@given(st.integers(0, 1 << 40))
@hypothesis_settings(max_examples=200)
def test_body_of_a_megabyte_or_more_is_large(length: int) -> None:
    assert large("", str(length)) is (length >= 1_000_000)


@pytest.mark.parametrize(("transfer_encoding", "length"), [("chunked", ""), ("chunked", "5"), ("gzip, chunked", "")])
def test_body_of_unknown_length_is_large(transfer_encoding: str, length: str) -> None:
    assert large(transfer_encoding, length)


def test_request_without_a_body_is_not_large() -> None:
    assert not large("", "")
