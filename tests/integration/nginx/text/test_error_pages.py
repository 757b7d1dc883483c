"""The error page of an app without a replica that answers."""

from __future__ import annotations

import pytest

from hookserver.models import Slot, TrafficState
from tests.integration.nginx.conftest import NginxSite

pytestmark = pytest.mark.parametrize("site", ["managed", "system", "compiled"], indirect=True)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_an_operators_page_is_shown_for_every_method_and_the_log_has_the_method(site: NginxSite, method: str) -> None:
    pages = site.state_dir.parent / "pages"
    pages.mkdir(mode=0o755)
    for status in (502, 503, 504):
        (pages / f"{status}.html").write_text(f"Our own {status}")
        (pages / f"{status}.html").chmod(0o644)
    site.nginx_keys = f'error_pages = "{pages}"'
    site.apply()
    answer = site.ask(method=method, body=b"x" if method != "GET" else None)
    assert (answer.status, answer.body, answer.headers["Retry-After"]) == (503, "Our own 503", "5")
    assert site.logged(answer)["method"] == method
    site.serve(Slot.BLUE)
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    answer = site.ask("/die", method=method, body=b"x" if method != "GET" else None)
    assert (answer.status, answer.body) == (502, "Our own 502")


def test_error_pages_cannot_be_requested(site: NginxSite) -> None:
    site.apply()
    assert site.ask("/.hookserver/shop/503.html").status == 404
