"""No cart is lost: visitors with a session stay with its release through switches and rollbacks, for the time set."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from hookserver.models import Release, Slot
from tests.integration.conftest import CA
from tests.shop import Installation, ShopProject, assert_invariants, installed
from tests.shop.wars import war
from tests.waiting import until

SHOP, SILENT, LATE, LOGOUT = "it-carts", "it-silent", "it-late", "it-logout"
SAMPLE = Path(__file__).parents[2] / "deploy/sample"


@dataclass
class Shopper:
    """A visitor with a browser, which keeps its cookies."""

    port: int
    app: str
    seen: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._browser = requests.Session()
        self._browser.headers["Host"] = f"{self.app}.test"

    def ask(self, path: str, **form: object) -> requests.Response:
        """A page; a form is sent by POST."""
        url = f"http://127.0.0.1:{self.port}{path}"
        if not form:
            return self._browser.get(url, timeout=30, allow_redirects=False)
        return self._browser.post(url, data=form, timeout=30, allow_redirects=False)

    def cart(self) -> dict[str, Any]:
        """The shopper's cart, as the shop answers it."""
        answer = self.ask("/api/cart")
        assert answer.status_code == 200, answer.text
        cart: dict[str, Any] = answer.json()
        return cart

    def shop_on(self, replica: str) -> dict[str, Any]:
        """Logged in with a cart, on this replica: a session is made on any."""
        for _ in range(40):
            self._browser.cookies.clear()
            assert self.ask("/login", name="Ada").status_code == 303
            if self._browser.cookies["JSESSIONID"].endswith(f".{replica}"):
                break
        assert self.ask("/cart/add", id="sourdough", quantity="2").status_code == 303
        return self.cart()

    def look_until(self, over: threading.Event) -> None:
        """Look at the cart again and again."""
        while not over.is_set():
            try:
                self.seen.append(self.cart())
            except (requests.RequestException, AssertionError) as error:
                self.problems.append(repr(error))
            over.wait(0.05)


@dataclass(frozen=True)
class Street:
    """The sample shop in its own installation, and what is pushed to it."""

    site: Installation
    shop: ShopProject

    def shopper(self, app: str = SHOP) -> Shopper:
        return Shopper(self.site.site_port, app)

    def release(self, version: str) -> int:
        """Push a version of the sample shop; answers its deploy's number."""
        files = {
            str(file.relative_to(SAMPLE)): file.read_bytes()
            for file in SAMPLE.rglob("*")
            if file.is_file() and "target" not in file.relative_to(SAMPLE).parts
        }
        pom = files["pom.xml"].decode()
        start, _, rest = pom.partition("<shop.version>")
        files["pom.xml"] = f"{start}<shop.version>{version}{rest[rest.index('<') :]}".encode()
        self.shop.commit(files, version)
        number = self.shop.push().deploy
        assert self.site.ended(number)["status"] == "live", self.site.log(number)
        return number

    def document(self, app: str = SHOP) -> dict[str, Any]:
        """The app as the API shows it."""
        document: dict[str, Any] = self.site.ask("GET", f"/api/v1/apps/{app}").json
        return document

    def standby(self, app: str) -> Release | None:
        return next((one for one in self.site.store.standbys() if one.app == app), None)


@pytest.fixture(scope="module")
def street() -> Iterator[Street]:
    ca = f'ca_bundle = "{CA}"' if CA.exists() else ""
    with installed("172.30.188.0/24") as site:
        shop = site.add_app(SHOP, replicas=2, app='poll = "0"', build=f'cpus = 2.0\nmemory = "1500m"\n{ca}')
        site.add_app(SILENT, app='poll = "0"', release='standby = "10s"')
        site.add_app(LATE, app='poll = "0"', release='standby = "10s"\nsticky_for = "12s"\ndrain = "10s"')
        site.add_app(LOGOUT, app='poll = "0"')
        site.start()
        yield Street(site, shop)


@pytest.fixture(scope="module")
def carts(street: Street) -> Iterator[dict[str, Shopper]]:
    """Visitors with a cart on each replica of 1.0.0, who look at it all the time, and 1.1.0 that has gone live."""
    street.release("1.0.0")
    shoppers = {name: street.shopper() for name in ("blue1", "blue2")}
    for replica, shopper in shoppers.items():
        assert shopper.shop_on(replica)["replica"] == replica[-1]
    over = threading.Event()
    looking = [threading.Thread(target=one.look_until, args=(over,), daemon=True) for one in shoppers.values()]
    for thread in looking:
        thread.start()
    street.release("1.1.0")
    yield shoppers
    over.set()
    for thread in looking:
        thread.join()


def still_shops(shopper: Shopper, version: str, replica: str) -> bool:
    """Whether the visitor still has the cart, on the same replica."""
    cart = shopper.cart()
    return (cart["version"], cart["slot"] + cart["replica"], cart["customer"], cart["count"]) == (
        version,
        replica,
        "Ada",
        2,
    )


def test_carts_stay_on_the_old_release_and_new_visitors_see_the_new_one(
    street: Street, carts: dict[str, Shopper]
) -> None:
    for replica, shopper in carts.items():
        assert still_shops(shopper, "1.0.0", replica)
    assert {street.shopper().cart()["version"] for _ in range(6)} == {"1.1.0"}
    standby = street.document()["standby"]
    assert (standby["slot"], standby["sticky_until"] > standby["retire_at"]) == ("blue", True)
    log = street.site.log(street.site.latest(SHOP))
    line = "blue still serves the visitors whose sessions it holds, for 30m at most (visitors of the last 5 minutes: 2)"
    assert line in log
    assert street.site.deploy(street.site.latest(SHOP))["visitors_lost"] is None


def test_visitors_without_a_session_go_to_the_new_release(street: Street, carts: dict[str, Shopper]) -> None:
    for again in ({"path": "/api/cart"}, {"path": "/cart/add", "id": "oil", "quantity": "1"}):
        shopper = street.shopper()
        shopper._browser.cookies.set("JSESSIONID", f"{'0AF9' * 8}.blue1", domain=f"{SHOP}.test")
        answer = shopper.ask(**again)
        assert answer.headers["X-Shop-Version"] == "1.1.0"
        assert answer.status_code == (303 if "id" in again else 200)
        assert shopper.cart()["count"] == (1 if "id" in again else 0)
    assert carts["blue1"].problems == []


def test_rollback_keeps_the_carts_of_both_releases(street: Street, carts: dict[str, Shopper]) -> None:
    newer = street.shopper()
    newer.shop_on("green2")
    answer = street.site.ask("POST", f"/api/v1/apps/{SHOP}/rollback?wait=1", {})
    assert answer.json["status"] == "live", answer.text
    street.site.ended(answer.json["deploy"])
    assert still_shops(newer, "1.1.0", "green2")
    assert all(still_shops(shopper, "1.0.0", replica) for replica, shopper in carts.items())
    assert {street.shopper().cart()["version"] for _ in range(6)} == {"1.0.0"}
    assert street.document()["standby"]["slot"] == "green"
    again = street.site.ask(
        "POST", f"/api/v1/apps/{SHOP}/rollback?wait=1", {"to": street.site.store.releases(SHOP)[0].deploy}
    )
    street.site.ended(again.json["deploy"])
    assert still_shops(newer, "1.1.0", "green2")
    assert all(still_shops(shopper, "1.0.0", replica) for replica, shopper in carts.items())
    for shopper in carts.values():
        assert shopper.problems == []
        assert {(one["version"], one["count"]) for one in shopper.seen} == {("1.0.0", 2)}
        assert len(shopper.seen) > 50


def test_changed_flag_is_restored(street: Street, carts: dict[str, Shopper]) -> None:
    site = street.site
    site.kill_all()
    (site.state.live(SHOP) / "green-sticky-blue").rename(site.state.live(SHOP) / "green")
    site.start()
    until(lambda: site.nginx.get(SHOP).sticky is Slot.BLUE)
    until(lambda: (street.document()["standby"] or {}).get("visitors") == 2)
    assert "sticky, visitors in the last 5 minutes: 2" in site.command("status", SHOP).stdout


def test_visitor_of_a_lost_replica_gets_an_answer_of_the_new_release(street: Street, carts: dict[str, Shopper]) -> None:
    orphan = carts["blue2"]
    next(one for one in street.site.containers(app=SHOP) if one.name == f"hs-{SHOP}-blue-2").kill()
    until(lambda: orphan.cart()["version"] == "1.1.0")
    assert orphan.ask("/cart/add", id="oil", quantity="1").status_code == 303
    assert (orphan.cart()["version"], orphan.cart()["count"]) == ("1.1.0", 1)
    assert still_shops(carts["blue1"], "1.0.0", "blue1")
    assert orphan.problems == []


def test_deploy_that_needs_the_slot_reports_how_many_lose_their_sessions_and_loses_no_request(
    street: Street, carts: dict[str, Shopper]
) -> None:
    standby = street.document()["standby"]
    number = street.release("1.2.0")
    deploy = street.site.deploy(number)
    lost = f"visitors of the last 5 minutes: {deploy['visitors_lost']}"
    line = f"blue is needed: the sessions of deploy {standby['deploy']} end now ({lost})"
    assert standby["slot"] == "blue"
    assert deploy["visitors_lost"] >= 1
    assert line in street.site.log(number)
    assert carts["blue1"].cart()["count"] == 0
    for shopper in carts.values():
        assert shopper.problems == []
    assert_invariants(street.site, SHOP, street.shop.tip())


def two_releases(street: Street, app: str, visitors: int = 1, keep: int = 1800) -> tuple[list[Shopper], Release]:
    """So many visitors with a session of ``one``, which is held now that ``two`` is live.

    Their sessions end after ``keep`` seconds of silence.
    """
    project = ShopProject(app, street.site.folder / "work" / app, street.site.state.push_repository(app))
    there = [street.shopper(app) for _ in range(visitors)]
    for version in ("one", "two"):
        project.commit({"app.war": war(version)}, version)
        number = project.push().deploy
        assert street.site.ended(number)["status"] == "live", street.site.log(number)
        assert {visitor.ask(f"/slow.jsp?ms=0&keep={keep}").text for visitor in there} == {"one"}
    standby = street.standby(app)
    assert standby
    return there, standby


def test_old_release_is_retired_once_no_session_was_used_for_its_timeout(street: Street) -> None:
    """The app's code sets how long that is; no file has it."""
    (visitor,), standby = two_releases(street, SILENT, keep=30)
    assert standby.sticky_until
    assert standby.sticky_until > time.time() + 1000
    assert visitor.ask("/slow.jsp?ms=0").text == "one"
    asked = time.time()
    until(lambda: street.standby(SILENT) is None, 60)
    assert 25 < time.time() - asked < 45
    assert visitor.ask("/slow.jsp?ms=0").text == "two"
    assert_invariants(street.site, SILENT, street.site.store.releases(SILENT)[0].commit)


def test_logout_ends_the_stay_on_the_old_release_and_login_does_not(
    street: Street,
) -> None:
    visitors, _ = two_releases(street, LOGOUT, visitors=3)
    stays, comes, goes = visitors
    assert comes.ask("/anew.jsp?name=Ada").text == "one"
    assert goes.ask("/anew.jsp").text == "one"
    for _ in range(3):
        assert [visitor.ask("/slow.jsp?ms=0").text for visitor in visitors] == ["one", "one", "two"]
    assert stays.ask("/anew.jsp?name=Ada").text == comes.ask("/anew.jsp").text == "one"
    assert [visitor.ask("/slow.jsp?ms=0").text for visitor in visitors] == ["one", "two", "two"]


def test_deadline_moves_visitors_and_lets_requests_in_flight_end(street: Street) -> None:
    (visitor,), standby = two_releases(street, LATE)
    assert standby.sticky_until
    slow: list[requests.Response] = []
    until(lambda: time.time() > (standby.sticky_until or 0) - 3)
    asking = threading.Thread(target=lambda: slow.append(visitor.ask("/slow.jsp?ms=7000")))
    asking.start()
    until(lambda: street.site.nginx.get(LATE).sticky is None)
    assert abs(time.time() - standby.sticky_until) < 3
    assert visitor.ask("/slow.jsp?ms=0").text == "two"
    asking.join()
    assert (slow[0].status_code, slow[0].text) == (200, "one")
    until(lambda: street.standby(LATE) is None)
    assert_invariants(street.site, LATE, street.site.store.releases(LATE)[0].commit)
