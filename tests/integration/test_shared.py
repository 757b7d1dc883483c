"""Sessions that all replicas share: what an application may rely on, on real Tomcats of every line."""

from __future__ import annotations

import itertools
import json
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hookserver.errors import BuildError
from hookserver.models import Endpoint, Slot
from tests.shop import Installation, ShopProject, installed
from tests.shop.replicas import ReplicaAnswer, Replicas, ask, replicas_below
from tests.shop.session_wars import HANDSHAKE, LISTENER, SHOP, USUAL, war
from tests.waiting import until

LINES = ["8.5-jdk8", "9.0-jdk17", "10.1-jdk17", "11.0-jdk21"]
SESSIONS = 10_000
DOCKERFILE = f"""FROM {USUAL}
COPY app.war /usr/local/tomcat/webapps/ROOT.war
"""
DOCKERFILE_OF_1000 = f"""{DOCKERFILE}RUN chown -R 1000 /usr/local/tomcat
USER 1000
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    with replicas_below(tmp_path_factory.mktemp("shared"), "it-shared", "172.30.190.0/24") as made:
        yield made


@pytest.fixture
def fresh(site: Replicas) -> Iterator[Replicas]:
    yield site
    site.clear()


@pytest.fixture(scope="class")
def pair(site: Replicas) -> Iterator[tuple[Endpoint, Endpoint]]:
    """A replica of each slot, for all tests that leave them as they are."""
    yield site.pair(site.app(), war())
    site.clear()


@pytest.mark.parametrize("line", LINES)
def test_cart_survives_the_kill_of_a_replica_and_of_all(fresh: Replicas, line: str) -> None:
    app, shop = fresh.app(line), war()
    (blue,) = fresh.start(app, Slot.BLUE, shop)
    cookies = [ask(blue, f"/add.jsp?item=a{n}").cookie for n in range(10)]
    (green,) = fresh.start(app, Slot.GREEN, shop)
    assert [ask(green, "/cart.jsp", cookie).text for cookie in cookies] == [f"[a{n}]" for n in range(10)]

    assert {ask(blue, "/add.jsp?item=b", cookie).status for cookie in cookies} == {200}
    fresh.api.kill(blue.name)
    after = [ask(green, "/add.jsp?item=c", cookie) for cookie in cookies]
    assert [answer.text for answer in after] == [f"[a{n}, b, c]" for n in range(10)]

    fresh.api.kill(green.name)
    fresh.restart(blue, green, killed=False)
    for place in (blue, green):
        assert [ask(place, "/cart.jsp", cookie).text for cookie in cookies] == [f"[a{n}, b, c]" for n in range(10)]


class TestTwoReplicas:
    def test_change_made_at_either_is_seen_at_the_other_at_once(self, pair: tuple[Endpoint, Endpoint]) -> None:
        blue, green = pair
        cookie = ask(blue, "/add.jsp?item=0").cookie
        for number, place in zip(range(1, 40), itertools.cycle((green, blue)), strict=False):
            items = ", ".join(str(item) for item in range(number + 1))
            assert ask(place, f"/add.jsp?item={number}", cookie).text == f"[{items}]"

    def test_change_in_place_is_seen_without_set_attribute(self, pair: tuple[Endpoint, Endpoint]) -> None:
        blue, green = pair
        cookie = ask(blue, "/add.jsp?item=a").cookie
        assert ask(blue, "/place.jsp?item=b", cookie).text == "added"
        assert ask(green, "/cart.jsp", cookie).text == "[a, b]"
        assert ask(green, "/place.jsp?item=c", cookie).text == "added"
        assert ask(blue, "/cart.jsp", cookie).text == "[a, b, c]"

    def test_removed_attribute_is_gone_everywhere(self, pair: tuple[Endpoint, Endpoint]) -> None:
        blue, green = pair
        cookie = ask(blue, "/name.jsp?is=Ada").cookie
        ask(blue, "/add.jsp?item=a", cookie)
        assert ask(green, "/remove.jsp?name=name", cookie).text == "removed"
        assert [ask(place, "/names.jsp", cookie).text for place in pair] == ["cart"] * 2

    def test_invalidated_session_is_gone_everywhere(self, pair: tuple[Endpoint, Endpoint]) -> None:
        blue, green = pair
        cookie = ask(blue, "/name.jsp?is=Ada").cookie
        assert ask(green, "/hello.jsp", cookie).text == "Ada"
        assert ask(blue, "/end.jsp", cookie).text == "ended"
        assert [ask(place, "/hello.jsp", cookie).text for place in pair] == ["null"] * 2

    def test_login_keeps_the_cart_and_leaves_no_way_back(self, pair: tuple[Endpoint, Endpoint]) -> None:
        blue, green = pair
        before = ask(blue, "/add.jsp?item=a").cookie
        assert ask(green, "/cart.jsp", before).text == "[a]"
        after = ask(blue, "/login.jsp", before).cookie
        assert after != before
        assert [ask(place, "/cart.jsp", after).text for place in pair] == ["[a]"] * 2
        assert [ask(place, "/hello.jsp", after).text for place in pair] == ["Ada"] * 2
        assert [ask(place, "/cart.jsp", before).text for place in pair] == ["null"] * 2
        assert {ask(place, "/hello.jsp", before).cookie for place in pair}.isdisjoint({before})

    @pytest.mark.parametrize(
        ("page", "status", "expected"),
        [("/later.jsp", 200, "later"), ("/fail.jsp", 500, "failed")],
        ids=["asynchronous", "error page"],
    )
    def test_what_is_set_before_the_answer_ends_is_stored(
        self, pair: tuple[Endpoint, Endpoint], page: str, status: int, expected: str
    ) -> None:
        blue, green = pair
        cookie = ask(blue, "/name.jsp?is=Ada").cookie
        assert ask(blue, page, cookie).status == status
        assert ask(green, "/hello.jsp", cookie).text == expected

    def test_forwarded_request_stores_what_it_set(self, pair: tuple[Endpoint, Endpoint]) -> None:
        blue, green = pair
        cookie = ask(blue, "/forward.jsp?item=a").cookie
        assert ask(green, "/forward.jsp?item=b", cookie).text == "[a, b]"
        assert ask(blue, "/cart.jsp", cookie).text == "[a, b]"

    def test_parallel_requests_of_a_visitor_lose_nothing(self, pair: tuple[Endpoint, Endpoint]) -> None:
        cookie = ask(pair[0], "/name.jsp?is=Ada").cookie

        def visit(number: int) -> ReplicaAnswer:
            return ask(pair[number % 2], f"/set.jsp?name=n{number:03}&ms={number * 7 % 60}", cookie)

        with ThreadPoolExecutor(8) as visitor:
            answers = list(visitor.map(visit, range(120)))
        assert {answer.text for answer in answers} == {"set"}
        expected = [*(f"n{number:03}" for number in range(120)), "name"]
        assert [ask(place, "/names.jsp", cookie).text.split() for place in pair] == [expected] * 2

    def test_session_of_an_unknown_id_is_a_new_one(self, pair: tuple[Endpoint, Endpoint]) -> None:
        for unknown in ("0123456789ABCDEF0123456789ABCDEF.blue1", "../../../etc/passwd", "%2e%2e%2fx", "x" * 4000, "."):
            answer = ask(pair[0], "/name.jsp?is=Ada", unknown)
            assert (answer.status, answer.cookie != unknown) == (200, True)


def test_application_is_told_of_everything_once_and_by_the_replica_that_serves(fresh: Replicas) -> None:
    blue, green = fresh.pair(fresh.app(), war({**SHOP, **LISTENER}))
    cookie = ask(blue, "/name.jsp?is=Ada").cookie
    assert ask(green, "/hello.jsp", cookie).text == "Ada"
    ask(green, "/name.jsp?is=Eve", cookie)
    ask(blue, "/hello.jsp", cookie)
    cookie = ask(blue, "/login.jsp", cookie).cookie
    assert ask(green, "/hello.jsp", cookie).text == "Ada"
    assert ask(green, "/end.jsp", cookie).text == "ended"
    assert fresh.told(blue) == ["created", "added name", "id changed", "replaced name"]
    assert fresh.told(green) == ["replaced name", "destroyed Ada", "removed name"]
    for place in (blue, green):
        fresh.api.stop(place.name)
    assert len(fresh.told(blue, green)) == 7


def test_what_a_websocket_handshake_sets_is_stored(fresh: Replicas) -> None:
    blue, green = fresh.pair(fresh.app(), war({**SHOP, **HANDSHAKE}))
    cookie = ask(blue, "/name.jsp?is=Ada").cookie
    key = {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    for place, other in ((blue, green), (green, blue)):
        assert ask(other, "/name.jsp?is=Ada", cookie).status == 200
        assert ask(place, "/chat", cookie, Connection="Upgrade", Upgrade="websocket", **key).status == 101
        assert ask(other, "/hello.jsp", cookie).text == "chat"


def test_silent_session_expires_once_and_not_while_another_replica_serves_it(fresh: Replicas) -> None:
    blue, green = fresh.pair(fresh.app(), war({**SHOP, **LISTENER}))
    silent, used = (ask(blue, f"/name.jsp?is={name}").cookie for name in ("silent", "used"))
    for cookie, place in itertools.product((silent, used), (blue, green)):
        assert ask(place, "/keep.jsp?seconds=20", cookie).text == "kept"

    def has_expired() -> bool:
        assert ask(green, "/hello.jsp", used).text == "used"
        return "destroyed silent" in fresh.told(blue, green)

    until(has_expired, 150, "the end of the silent session", pause=1)
    assert [ask(place, "/hello.jsp", used).text for place in (blue, green)] == ["used"] * 2
    assert [ask(place, "/hello.jsp", silent).text for place in (blue, green)] == ["null"] * 2
    for place in (blue, green):
        fresh.api.stop(place.name)
    told = fresh.told(blue, green)
    assert (told.count("destroyed silent"), told.count("destroyed used")) == (1, 0)


def test_contexts_have_sessions_of_their_own_under_one_id(fresh: Replicas) -> None:
    second = fresh.root / "second.war"
    second.write_bytes(war())
    app = fresh.app(volumes=(f"{second}:/usr/local/tomcat/webapps/second.war:ro",))
    blue, green = fresh.pair(app, war())
    until(lambda: ask(green, "/second/").status == ask(blue, "/second/").status == 200, 60)
    cookie = ask(blue, "/add.jsp?item=a").cookie
    other = ask(blue, "/second/add.jsp?item=b", cookie).cookie
    for place in (blue, green):
        assert ask(place, "/cart.jsp", cookie).text == "[a]"
        assert ask(place, "/second/cart.jsp", other).text == "[b]"
    ask(green, "/second/end.jsp", other)
    assert [ask(place, "/cart.jsp", cookie).text for place in (blue, green)] == ["[a]"] * 2
    assert ask(blue, "/second/cart.jsp", other).text == "null"


def test_attribute_outside_the_filter_stays_at_its_replica(fresh: Replicas) -> None:
    blue, green = fresh.pair(fresh.app(), war(context_xml='<Manager sessionAttributeNameFilter="cart|other"/>'))
    cookie = ask(blue, "/name.jsp?is=Ada").cookie
    ask(blue, "/add.jsp?item=a", cookie)
    assert ask(green, "/names.jsp", cookie).text == "cart"
    ask(green, "/add.jsp?item=b", cookie)
    assert ask(blue, "/names.jsp", cookie).text == "cart name"
    assert ask(blue, "/cart.jsp", cookie).text == "[a, b]"


def test_manager_of_the_apps_own_stays_and_is_reported(fresh: Replicas) -> None:
    manager = '<Manager className="org.apache.catalina.session.PersistentManager"/>'
    blue, green = fresh.pair(fresh.app(), war(context_xml=manager))
    cookie = ask(blue, "/add.jsp?item=a").cookie
    assert [ask(place, "/cart.jsp", cookie).text for place in (blue, green)] == ["[a]", "null"]
    assert "PersistentManager" in fresh.messages(Slot.BLUE)


def test_start_takes_no_longer_with_many_stored_sessions(fresh: Replicas) -> None:
    (blue,) = fresh.start(fresh.app(sessions_max="1g"), Slot.BLUE, war())

    def quickest() -> float:
        seconds = []
        for _ in range(3):
            fresh.api.kill(blue.name)
            began = time.monotonic()
            fresh.restart(blue, killed=False)
            seconds.append(time.monotonic() - began)
        return min(seconds)

    empty = quickest()
    assert ask(blue, "/fill.jsp?sessions=5000").status == ask(blue, "/fill.jsp?sessions=5000").status == 200
    assert len(fresh.stored()) >= SESSIONS
    full = quickest()
    assert full < empty * 1.5 + 0.5


@pytest.mark.parametrize("line", ["7.0-jdk8", *LINES])
def test_visitor_whose_session_is_gone_is_sent_elsewhere_on_every_line(fresh: Replicas, line: str) -> None:
    (blue,) = fresh.start(fresh.app(line, sessions="sticky"), Slot.BLUE, war())
    header = {"X-Hookserver-Elsewhere": "@fresh"}
    cookie = ask(blue, "/name.jsp?is=Ada").cookie
    gone = ask(blue, "/hello.jsp", "0123456789ABCDEF.blue1", **header)
    assert (gone.status, gone.text, gone.elsewhere) == (200, "", "@fresh")
    assert ask(blue, "/hello.jsp", cookie, **header).text == "Ada"
    assert ask(blue, "/hello.jsp", **header).elsewhere == "@fresh", "its cookie is of another app"
    assert ask(blue, "/hello.jsp", "0123456789ABCDEF.blue1").elsewhere is None


def test_tomcat_7_is_refused_with_the_reason(fresh: Replicas) -> None:
    with pytest.raises(BuildError, match=r"release\.sessions") as refused:
        fresh.image(fresh.app("7.0-jdk8"), war())
    assert "sticky" in refused.value.remedy


def test_nothing_is_shared_where_sessions_are_sticky(fresh: Replicas) -> None:
    blue, green = fresh.pair(fresh.app(sessions="sticky"), war())
    cookie = ask(blue, "/add.jsp?item=a").cookie
    assert [ask(place, "/cart.jsp", cookie).text for place in (blue, green)] == ["[a]", "null"]
    assert fresh.stored() == []


class TestInstallation:
    """A whole hookserver, its visitors behind Nginx."""

    @pytest.fixture(scope="class")
    def whole(self) -> Iterator[Installation]:
        with installed("172.30.191.0/24") as site:
            shared = 'sessions = "shared"'
            site.add_app("it-carts-shared", replicas=2, app='poll = "0"', release=shared)
            site.add_app("it-users", app='poll = "0"', build='kind = "dockerfile"', release=shared)
            site.start()
            yield site

    def test_cart_goes_with_its_visitor_through_switches_crashes_and_a_rollback(self, whole: Installation) -> None:
        shop = Shopping(whole, "it-carts-shared")
        shop.release("1")
        cookies = [shop.visit(f"/add.jsp?item=a{number}").cookie for number in range(10)]
        for version in ("2", "3", "4"):  # each needs the slot of the one before the last at once
            shop.release(version)
            assert shop.carts(cookies) == [f"[a{number}]" for number in range(10)]
        assert {shop.visit("/add.jsp?item=b", cookie).status for cookie in cookies} == {200}
        until(lambda: len(shop.replicas_of("/add.jsp?item=b")) == len(cookies), 10, "the access log")
        for route, replica in shop.replicas_of("/add.jsp?item=b"):
            assert replica == f"green{route[-1]}", "a visitor stays with the replicas of one number"

        whole.docker.containers.get("hs-it-carts-shared-green-1").kill()
        after = [shop.visit("/add.jsp?item=c", cookie) for cookie in cookies]
        assert [answer.text for answer in after] == [f"[a{number}, b, c]" for number in range(10)]
        done = whole.command("rollback", "it-carts-shared")
        assert done.returncode == 0, done.stderr
        assert shop.carts(cookies) == [f"[a{n}, b, c]" for n in range(10)]

        replicas = whole.containers(app="it-carts-shared")
        pids = [str(one.attrs["State"]["Pid"]) for one in replicas if one.attrs["State"]["Pid"]]
        subprocess.run(["kill", "-9", *pids], check=True)
        until(lambda: shop.visit("/").status == 200, 90, "the shop")
        assert shop.carts(cookies) == [f"[a{n}, b, c]" for n in range(10)]

    def test_releases_of_different_users_share_carts_both_ways(self, whole: Installation) -> None:
        shop = Shopping(whole, "it-users")
        cookies: list[str] = []
        for version, dockerfile in enumerate([DOCKERFILE, DOCKERFILE_OF_1000, DOCKERFILE, DOCKERFILE_OF_1000]):
            shop.release(str(version), dockerfile)
            later = [[str(number) for number in range(maker + 1, version)] for maker in range(version)]
            assert shop.carts(cookies) == [f"[{', '.join([f'made by {n}', *more])}]" for n, more in enumerate(later)]
            assert {shop.visit(f"/add.jsp?item={version}", cookie).status for cookie in cookies} <= {200}
            cookies.append(shop.visit(f"/add.jsp?item=made+by+{version}").cookie)
        done = whole.command("rollback", "it-users")
        assert done.returncode == 0, done.stderr
        assert shop.carts(cookies[-1:]) == ["[made by 3]"]
        stored = whole.state.root / "sessions" / "it-users"
        assert [path for path in stored.rglob("*") if path.stat().st_mode & 0o007] == []


class Shopping:
    """Pushes to one app of the installation, and visits to it through Nginx."""

    def __init__(self, site: Installation, app: str) -> None:
        self._site = site
        self._app = app
        self._project = ShopProject(app, site.folder / "work" / app, site.state.push_repository(app))

    def release(self, version: str, dockerfile: str = "") -> None:
        """Push a version, and wait until it is live and the old one has drained."""
        files: dict[str, bytes | str] = {"app.war": war(pages={"version.txt": version})}
        self._project.commit({**files, **({"Dockerfile": dockerfile} if dockerfile else {})}, version)
        ended = self._site.ended(self._project.push().deploy)
        assert ended["status"] == "live", ended

    def visit(self, path: str, cookie: str = "") -> ReplicaAnswer:
        nginx = Endpoint("nginx", "", "127.0.0.1", self._site.site_port)
        return ask(nginx, path, cookie, Host=f"{self._app}.test")

    def replicas_of(self, uri: str) -> list[tuple[str, str]]:
        """The route and the replica of each request for ``uri`` that the access log has."""
        lines = (self._site.state.nginx / "logs/access.log").read_text().splitlines()
        asked = [json.loads(line) for line in lines]
        return [(one["route"], one["replica"]) for one in asked if one["app"] == self._app and one["uri"] == uri]

    def carts(self, cookies: list[str]) -> list[str]:
        return [self.visit("/cart.jsp", cookie).text for cookie in cookies]
