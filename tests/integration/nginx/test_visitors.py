"""Which app a visitor reaches, and what the app learns about the visitor."""

from __future__ import annotations

import re
import time

import pytest

from hookserver.models import Slot, TrafficState
from tests.integration.nginx.conftest import NginxSite

pytestmark = pytest.mark.parametrize("site", ["managed", "system"], indirect=True)

TWO = """
[apps.my-shop]
repository = "push"
domains = ["shop.example.com", "*.example.org"]
replicas = 1

[apps.host]
repository = "push"
domains = ["shop.example.com"]
path = "/blog"
replicas = 1

[apps.args]
repository = "push"
domains = ["shop.example.com"]
path = "/blog/admin"
replicas = 1

[apps.slot]
repository = "push"
domains = ["alone.example.com"]
path = "/only"
replicas = 1
"""


def start(site: NginxSite, apps: str = TWO) -> None:
    site.apps = apps
    site.apply()
    for number, app in enumerate(site.numbers):
        slot = list(Slot)[number % 2]
        site.serve(slot, app=app)
        site.nginx.set(app, TrafficState(slot))


def served_by(site: NginxSite, host: str, path: str) -> str | int:
    """The app that answers, or the status when none does."""
    before = {key: len(backend.requests) for key, backend in site.backends.items()}
    answer = site.ask(path, host=host)
    for (app, route), backend in site.backends.items():
        if len(backend.requests) > before[app, route]:
            assert backend.requests[-1] == ("GET", path), "the address must come through as it was sent"
            return app
    return answer.status


@pytest.mark.parametrize(
    ("host", "path", "app"),
    [
        ("shop.example.com", "/", "my-shop"),
        ("SHOP.example.com", "/a%20b/%2e?c=%2f", "my-shop"),
        ("a.example.org", "/", "my-shop"),
        ("example.org", "/", 404),
        ("shop.example.com", "/blog", "host"),
        ("shop.example.com", "/blog/", "host"),
        ("shop.example.com", "/blog/x//y", "host"),
        ("shop.example.com", "/blog?x", "host"),
        ("shop.example.com", "/blog;jsessionid=1", "host"),
        ("shop.example.com", "/blogs", "my-shop"),
        ("shop.example.com", "/blog/admin", "args"),
        ("shop.example.com", "/blog/admin/x", "args"),
        ("shop.example.com", "/blog/administrator", "host"),
        ("shop.example.com", "/x/../blog/", "host"),
        ("alone.example.com", "/only/x", "slot"),
        ("alone.example.com", "/", 404),
        ("unknown.example.com", "/", 404),
        ("127.0.0.1", "/", 404),
        ("", "/", 400),
    ],
)
def test_the_longest_path_of_the_domain_wins(site: NginxSite, host: str, path: str, app: str | int) -> None:
    start(site)
    assert served_by(site, host, path) == app


def test_two_apps_on_one_domain_are_switched_and_closed_apart(site: NginxSite) -> None:
    start(site)
    site.nginx.set("host", TrafficState())
    assert served_by(site, "shop.example.com", "/blog/") == 503
    assert served_by(site, "shop.example.com", "/") == "my-shop"
    assert site.nginx.answered("args").live == Slot.BLUE


FORGED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "444",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Ssl": "on",
    "X-Real-IP": "203.0.113.9",
    "X-Request-Id": "forged",
    "Forwarded": "for=203.0.113.9",
}


def test_nothing_that_a_visitor_claims_of_himself_gets_through(site: NginxSite) -> None:
    site.serve(Slot.BLUE)
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    headers = site.ask(host="shop.example.com:8443", headers=FORGED).json["headers"]
    assert headers["Host"] == headers["X-Forwarded-Host"] == "shop.example.com:8443"
    assert headers["X-Forwarded-For"] == headers["X-Real-IP"] == "127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "http"
    assert headers["X-Forwarded-Port"] == "8443"
    assert headers["X-Request-Id"] != "forged"
    assert not {"X-Forwarded-Prefix", "X-Forwarded-Ssl", "Forwarded", "Connection", "Upgrade"} & set(headers)


def test_a_trusted_proxy_is_believed(site: NginxSite) -> None:
    site.nginx_keys = 'trusted_proxies = ["127.0.0.0/8"]'
    site.serve(Slot.BLUE)
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    answer = site.ask(headers=FORGED)
    headers = answer.json["headers"]
    assert headers["X-Forwarded-For"] == headers["X-Real-IP"] == "203.0.113.9"
    assert (headers["X-Forwarded-Proto"], headers["X-Forwarded-Port"]) == ("https", "444")
    assert headers["X-Forwarded-Host"] == "shop.example.com"
    assert site.logged(answer)["client"] == "203.0.113.9"
    headers = site.ask(headers={"X-Forwarded-Proto": "https"}).json["headers"]
    assert (headers["X-Forwarded-Proto"], headers["X-Forwarded-Port"]) == ("https", "443")
    headers = site.ask(headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7, 127.0.0.9"}).json["headers"]
    assert headers["X-Forwarded-For"] == "198.51.100.7"
    assert (headers["X-Forwarded-Proto"], headers["X-Forwarded-Port"]) == ("http", "80")


def test_headers_of_an_untrusted_sender_are_ignored_though_a_proxy_is_trusted(site: NginxSite) -> None:
    site.nginx_keys = 'trusted_proxies = ["10.0.0.0/8"]'
    site.serve(Slot.BLUE)
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    headers = site.ask(headers=FORGED).json["headers"]
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert (headers["X-Forwarded-Proto"], headers["X-Forwarded-Port"]) == ("http", "80")


def test_an_app_hears_the_host_it_was_chosen_by(site: NginxSite) -> None:
    start(site)
    connection = site.connect()
    connection.putrequest("GET", "http://alone.example.com/only/", skip_host=True)
    connection.putheader("Host", "evil.example")
    connection.endheaders()
    answer = connection.getresponse().read().decode()
    connection.close()
    assert '"Host": "alone.example.com"' in answer


def test_a_body_over_the_limit_is_413(site: NginxSite) -> None:
    site.nginx_keys = 'max_body = "10k"'
    site.serve(Slot.BLUE)
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    assert site.ask(method="POST", body=b"x" * 10_000).status == 200
    assert site.ask(method="POST", body=b"x" * 11_000).status == 413


@pytest.mark.parametrize("size", [1, 300, 59_999])
def test_a_body_that_the_app_does_not_read_costs_no_later_request(site: NginxSite, size: int) -> None:
    """Many apps answer a POST by a redirect at once, and many clients send head and body apart."""
    site.serve(Slot.BLUE)
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    connection = site.connect()
    for _ in range(40):
        connection.putrequest("POST", "/unread", skip_host=True)
        connection.putheader("Host", "shop.example.com")
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        time.sleep(0.003)
        connection.send(b"x" * size)
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.will_close) == (200, False)
    connection.close()


def test_a_small_body_gets_our_page_too_when_no_replica_is_there(site: NginxSite) -> None:
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    answer = site.ask(method="POST", body=b"x")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")


REDIRECTED = """
[apps.shop]
repository = "push"
domains = ["shop.example.com", "laden.example.com"]
redirects = ["www.shop.example.com", "*.alt.example.com"]
replicas = 1

[apps.blog]
repository = "push"
domains = ["shop.example.com"]
redirects = ["www.shop.example.com"]
path = "/blog"
replicas = 1
"""


@pytest.mark.parametrize("host", ["www.shop.example.com", "old.alt.example.com"])
@pytest.mark.parametrize("port", ["", ":8443"])
def test_a_redirect_leads_to_the_first_domain_with_scheme_port_path_and_query(
    site: NginxSite, host: str, port: str
) -> None:
    start(site, REDIRECTED)
    answer = site.ask("/blog/a%20b;x=1?c=d&e=%2f", host=host + port)
    assert (answer.status, answer.headers["Location"]) == (
        301,
        f"http://shop.example.com{port}/blog/a%20b;x=1?c=d&e=%2f",
    )


def test_redirect_keeps_the_scheme_that_a_trusted_proxy_names(site: NginxSite) -> None:
    site.nginx_keys = 'trusted_proxies = ["127.0.0.0/8"]'
    start(site, REDIRECTED)
    answer = site.ask("/", host="www.shop.example.com", headers={"X-Forwarded-Proto": "https"})
    assert answer.headers["Location"] == "https://shop.example.com/"


def test_every_domain_of_an_app_reaches_it(site: NginxSite) -> None:
    start(site, REDIRECTED)
    assert served_by(site, "shop.example.com", "/") == served_by(site, "laden.example.com", "/blog") == "shop"
    assert served_by(site, "shop.example.com", "/blog") == "blog"


def test_cookies_of_two_apps_on_one_domain_keep_visitors_with_their_replicas(site: NginxSite) -> None:
    site.apps = REDIRECTED.replace("replicas = 1", "replicas = 2")
    site.apply()
    for app in site.numbers:
        site.serve(Slot.BLUE, app=app)
        site.nginx.set(app, TrafficState(Slot.BLUE))
    # A browser sends the cookie with the longer path first (RFC 6265, 5.4).
    cookies = {"Cookie": "JSESSIONID=B.blue2; JSESSIONID=A.blue1"}
    for _ in range(6):
        answer = site.ask("/blog/", headers=cookies).json
        assert (answer["name"], answer["headers"]["Cookie"]) == ("blue2", cookies["Cookie"])
        assert site.ask("/", headers={"Cookie": "JSESSIONID=A.blue1"}).json["name"] == "blue1"


def test_each_request_has_an_id_of_its_own(site: NginxSite) -> None:
    start(site)
    answers = [site.ask("/") for _ in range(4)]
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 4
    assert all(answer.headers["X-Request-Id"] == answer.json["headers"]["X-Request-Id"] for answer in answers)


def test_request_that_is_never_repeated_has_an_id_for_the_request_journal(site: NginxSite) -> None:
    start(site)
    answer = site.ask("/", method="POST", body=b"x=1")
    assert re.fullmatch("[0-9]+[.][0-9]{3}-[0-9]+-[0-9]+", answer.headers["X-Request-Id"])
    assert answer.json["headers"]["X-Request-Id"] == answer.headers["X-Request-Id"]
