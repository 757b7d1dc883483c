"""Compression of answers."""

from __future__ import annotations

import gzip
from http.client import HTTPResponse

import pytest

from hookserver.models import Slot, TrafficState
from tests.integration.nginx.conftest import NginxSite

pytestmark = pytest.mark.parametrize("site", ["managed", "system", "compiled"], indirect=True)


def answer(site: NginxSite, text: str) -> tuple[HTTPResponse, bytes]:
    """To somebody who takes gzip; the answer has ``text`` in it."""
    connection = site.connect()
    connection.request("GET", "/", headers={"Host": "shop.example.com", "Accept-Encoding": "gzip", "X-Text": text})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def start(site: NginxSite) -> None:
    site.serve(Slot.BLUE)
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))


def test_text_is_compressed_but_not_a_few_bytes_of_it(site: NginxSite) -> None:
    start(site)
    response, body = answer(site, "x" * 2000)
    assert (response.headers["Content-Encoding"], response.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert b"x" * 2000 in gzip.decompress(body)
    response, body = answer(site, "x")
    assert response.headers["Content-Encoding"] is None


def test_nothing_is_compressed_where_the_settings_say_so(site: NginxSite) -> None:
    site.nginx_keys = "gzip = false"
    start(site)
    response, body = answer(site, "x" * 2000)
    assert response.headers["Content-Encoding"] is None
    assert b"x" * 2000 in body
