"""Sessions that replicas share: real Tomcats of every line, their clustering, and the network that is theirs alone."""

from __future__ import annotations

import http.client
import io
import itertools
import re
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from docker import APIClient

from hookserver.addresses import cluster_addresses, endpoints
from hookserver.builders import BuildJob, DockerImages
from hookserver.config import AppSettings, DockerSettings
from hookserver.containers import Containers
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError, Unhealthy
from hookserver.models import Endpoint, Release, Slot
from hookserver.state.state_dir import StateDir
from tests.shop import installed, leftovers
from tests.waiting import until

SUBNETS = ("172.30.190.0/24", "172.30.184.0/24")
ROUTE = ["metric", "4278198272"]
LINES = ["8.5-jdk8", "9.0-jdk17", "10.1-jdk17", "11.0-jdk21"]
USUAL = "10.1-jdk17"
WEB_XML = '<web-app xmlns="http://xmlns.jcp.org/xml/ns/javaee" version="3.0">{}</web-app>'
CART = """package shop; public class Cart implements java.io.Serializable {
  private static final long serialVersionUID = 1;
  private final java.util.ArrayList<Line> lines = new java.util.ArrayList<>();
  public void add(String item) { lines.add(new Line(item)); }
  public String toString() { return lines.toString(); } }"""
LINE = """package shop; public class Line implements java.io.Serializable {
  private static final long serialVersionUID = 1;
  private final String item;
  public Line(String item) { this.item = item; }
  public String toString() { return item; } }"""
BINDING = {
    "HttpSessionBindingEvent": "package jakarta.servlet.http; public class HttpSessionBindingEvent { }",
    "HttpSessionBindingListener": """package jakarta.servlet.http; public interface HttpSessionBindingListener {
      void valueBound(HttpSessionBindingEvent event); void valueUnbound(HttpSessionBindingEvent event); }""",
    "Reservation": """package shop; import jakarta.servlet.http.*;
      public class Reservation implements HttpSessionBindingListener, java.io.Serializable {
        public void valueBound(HttpSessionBindingEvent event) { System.out.println("stock is reserved"); }
        public void valueUnbound(HttpSessionBindingEvent event) { System.out.println("stock is released"); } }""",
}
UNWRITABLE = {
    "Link": "package shop; public class Link implements java.io.Serializable { public Link next; }",
    "Busy": """package shop; public class Busy implements java.io.Serializable {
      private transient boolean written;
      private void writeObject(java.io.ObjectOutputStream out) throws java.io.IOException {
        if (!written) { written = true; throw new java.util.ConcurrentModificationException("a request"); } } }""",
    "Trap": """package shop; public class Trap implements java.io.Serializable {
      private void readObject(java.io.ObjectInputStream in) { throw new StackOverflowError("too deep"); } }""",
}
PAGES = {
    "health": "well",
    "index.jsp": '<%@ page session="false" %>well',
    "add.jsp": """<% shop.Cart cart = (shop.Cart) session.getAttribute("cart");
      if (cart == null) cart = new shop.Cart();
      cart.add(request.getParameter("item")); session.setAttribute("cart", cart); %><%= cart %>""",
    "cart.jsp": '<%= session.getAttribute("cart") %>',
    "name.jsp": '<% session.setAttribute("name", request.getParameter("is")); %>set',
    "hello.jsp": '<%= session.getAttribute("name") %>',
    "end.jsp": "<% session.invalidate(); %>ended",
    "reserve.jsp": '<% session.setAttribute("reserved", new shop.Reservation()); %>reserved',
    "big.jsp": '<% session.setAttribute("name", new byte[1 << 20]); %>set',
    "paid.jsp": """<% session.removeAttribute("name"); session.setMaxInactiveInterval(77);
      session.setAttribute("deep", new java.util.ArrayList<Object>(java.util.Arrays.<Object>asList(new Thread())));
      %>paid""",
    "limit.jsp": "<%= session.getMaxInactiveInterval() %>",
    "place.jsp": '<% ((shop.Cart) session.getAttribute("cart")).add(request.getParameter("item")); %>added',
    "chain.jsp": """<% shop.Link chain = new shop.Link();
      for (int n = 0; n < 100000; n++) { shop.Link before = new shop.Link(); before.next = chain; chain = before; }
      session.setAttribute("chain", chain); session.setAttribute("name", "Ada"); %>set""",
    "busy.jsp": '<% session.setAttribute("busy", new shop.Busy()); session.setAttribute("name", "Eve"); %>set',
    "trap.jsp": '<% session.setAttribute("trap", new shop.Trap()); %>set',
    "many.jsp": '<% for (int n = 0; n < 50; n++) session.setAttribute("of" + n, new Object()); %>set',
    "unsent.jsp": '<% session.setAttribute("name", new Object()); %>set',
    "print.jsp": "<% for (int n = 0; n < 2000; n++) System.out.println(n); %>printed",
    "odd.jsp": """<% session.setAttribute("odd", new Object()); session.setAttribute("name", "Ada");
      session.setAttribute("deep", new java.util.ArrayList<Object>(java.util.Arrays.<Object>asList(new Thread())));
      %>set""",
}
JAKARTA_PAGES = {
    "later.jsp": """<% request.setAttribute("org.apache.catalina.ASYNC_SUPPORTED", Boolean.TRUE);
      final jakarta.servlet.AsyncContext later = request.startAsync();
      final jakarta.servlet.http.HttpSession visit = session;
      new Thread(() -> {
        try { Thread.sleep(200); } catch (InterruptedException e) { return; }
        visit.setAttribute("name", "later"); later.complete(); }).start(); %>""",
}


@dataclass(frozen=True)
class Site:
    """An installation without a worker: images are built and replicas started by the test."""

    root: Path
    docker: DockerSettings
    api: APIClient
    containers: Containers
    places: dict[str, int]
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    images: dict[tuple[str, str, bytes], str] = field(default_factory=dict)

    def app(self, line: str = USUAL, name: str = "it-shared", sessions: str = "replicated") -> AppSettings:
        return AppSettings.model_validate(
            {
                "name": name,
                "repository": "push",
                "domains": ["shop.example.com"],
                "build": {"kind": "war"},
                "tomcat": {
                    "image": f"tomcat:{line}-temurin",
                    "memory": "256m",
                    "java_opts": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
                },
                "release": {"sessions": sessions},
            }
        )

    def image(self, app: AppSettings, war: bytes) -> str:
        key = (f"{app.tomcat.image} {app.release.sessions}", app.name, war)
        if key not in self.images:
            number = next(self.numbers)
            work = self.root / "work" / str(number)
            (work / "source").mkdir(parents=True)
            (work / "source" / "app.war").write_bytes(war)
            images, log = DockerImages(self.docker, StateDir(self.root), "salt"), DeployLog(self.root / f"{number}.log")
            try:
                self.images[key] = images.build(BuildJob(app, number, f"{number:040x}", work / "source", work), log)
            finally:
                log.close()
                images.close()
        return self.images[key]

    def start(self, app: AppSettings, slot: Slot, war: bytes, replicas: int = 1, number: int = 1) -> list[Endpoint]:
        """Replicas of the slot that answer."""
        release = Release(next(self.numbers), app.name, "c" * 40, self.image(app, war), slot, replicas)
        self.places[app.name] = number
        places = endpoints(self.docker, app.name, number, slot, replicas)
        self.containers.start(app, release, places)
        for place in places:
            until(lambda place=place: ask(place, "/").status == 200, 90)  # type: ignore[misc]
        return places

    def clear(self, label: str = "") -> None:
        for container in self.api.containers(all=True, filters={"label": f"hookserver.state_dir={self.root}{label}"}):
            self.api.remove_container(container["Id"], v=True, force=True)


@dataclass(frozen=True)
class ReplicaAnswer:
    """The answer of a replica, and its seconds."""

    status: int
    text: str
    cookie: str
    seconds: float
    elsewhere: str | None


def ask(place: Endpoint, path: str, cookie: str = "", **headers: str) -> ReplicaAnswer:
    """Status 0: nobody answers there."""
    connection = http.client.HTTPConnection(place.host, place.port, timeout=20)
    sent = {"Cookie": f"JSESSIONID={cookie}"} if cookie else {}
    began = time.monotonic()
    try:
        connection.request("GET", path, headers={**sent, **headers})
        answer = connection.getresponse()
        text = answer.read().decode().strip()
    except (OSError, http.client.HTTPException):
        return ReplicaAnswer(0, "", "", time.monotonic() - began, None)
    finally:
        connection.close()
    made = re.search(r"JSESSIONID=([^;]+)", answer.getheader("Set-Cookie") or "")
    elsewhere = answer.getheader("X-Accel-Redirect")
    return ReplicaAnswer(answer.status, text, made[1] if made else cookie, time.monotonic() - began, elsewhere)


def war(classes: dict[str, str], distributable: bool = True, more: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """A WAR with the pages, and with these classes by their simple names."""
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(packed, "w") as archive:
        for name, text in classes.items():
            Path(folder, f"{name}.java").write_text(text)
        if classes:
            sources = [str(path) for path in Path(folder).glob("*.java")]
            subprocess.run(["javac", "--release", "8", "-Xlint:-options", "-d", folder, *sources], check=True)
        pages = PAGES if classes else {name: text for name, text in PAGES.items() if name != "add.jsp"}
        described = {"WEB-INF/web.xml": WEB_XML.format("<distributable/>" if distributable else "")}
        for name, text in {**described, **pages, **more}.items():
            archive.writestr(zipfile.ZipInfo(name), text)
        for path in sorted(Path(folder, "shop").glob("*.class")):
            archive.writestr(zipfile.ZipInfo(f"WEB-INF/classes/shop/{path.name}"), path.read_bytes())
    return packed.getvalue()


SHOP = {"Cart": CART, "Line": LINE}
CHANGED = {"Cart": CART, "Line": LINE.replace("serialVersionUID = 1", "serialVersionUID = 2")}
REMOVED = {"Cart": CART.replace("Line", "Item"), "Item": LINE.replace("Line", "Item")}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    for subnet in SUBNETS:
        subprocess.run(["ip", "route", "replace", "unreachable", subnet, *ROUTE], check=True)
    root = tmp_path_factory.mktemp("replicated")
    settings = DockerSettings(subnet=IPv4Network(SUBNETS[0]), cluster_subnet=IPv4Network(SUBNETS[1]))
    api = APIClient(timeout=60)
    for killed in leftovers.state_dirs(api, *SUBNETS):
        leftovers.remove_all(api, f"hookserver.state_dir={killed}")
    places: dict[str, int] = {}
    made = Site(root, settings, api, Containers(settings, root, places), places)
    try:
        yield made
    finally:
        leftovers.remove_all(api, f"hookserver.state_dir={root}")
        api.close()
        for subnet in SUBNETS:
            subprocess.run(["ip", "route", "del", "unreachable", subnet, *ROUTE], check=False)


@pytest.fixture
def fresh(site: Site) -> Iterator[Site]:
    yield site
    site.clear()


@pytest.mark.parametrize("line", LINES)
def test_a_release_that_starts_has_every_cart_and_a_killed_one_takes_none_along(fresh: Site, line: str) -> None:
    app, shop = fresh.app(line), war(SHOP)
    (blue,) = fresh.start(app, Slot.BLUE, shop)
    cookies = [ask(blue, f"/add.jsp?item=a{n}").cookie for n in range(20)]
    (green,) = fresh.start(app, Slot.GREEN, shop)
    assert [ask(green, "/cart.jsp", cookie).text for cookie in cookies] == [f"[a{n}]" for n in range(20)]

    last = [ask(blue, "/add.jsp?item=b", cookie).status for cookie in cookies]
    fresh.api.kill(blue.name)
    assert set(last) == {200}
    ask(green, "/add.jsp?item=warm")
    after = [ask(green, "/add.jsp?item=c", cookie) for cookie in cookies]
    assert [answer.text for answer in after] == [f"[a{n}, b, c]" for n in range(20)]
    assert max(answer.seconds for answer in after) < 0.5


def test_two_replicas_that_start_together_do_not_wait_for_each_other(fresh: Site) -> None:
    app = fresh.app()
    began = time.monotonic()
    one, two = fresh.start(app, Slot.BLUE, war(SHOP), replicas=2)
    assert time.monotonic() - began < 60
    cookie = ask(one, "/add.jsp?item=a").cookie
    until(lambda: ask(two, "/cart.jsp", cookie).text == "[a]", 5)
    for place in (one, two):
        assert "has not given its sessions" not in fresh.containers.last_lines(place.name, 200)


def test_a_replica_that_froze_holds_up_nobody_and_catches_up(fresh: Site) -> None:
    app, shop = fresh.app(), war(SHOP)
    blue, green = (fresh.start(app, slot, shop)[0] for slot in Slot)
    cookies = [ask(blue, f"/add.jsp?item=a{n}").cookie for n in range(10)]
    fresh.api.pause(green.name)
    over = time.monotonic() + 5
    slowest, rounds = 0.0, 0
    while time.monotonic() < over:
        slowest = max(slowest, *(ask(blue, "/add.jsp?item=b", cookie).seconds for cookie in cookies))
        rounds += 1
    cookies += [ask(blue, "/add.jsp?item=new").cookie]
    fresh.api.unpause(green.name)
    assert slowest < 0.5
    expected = [*(f"[a{n}{', b' * rounds}]" for n in range(10)), "[new]"]

    def carts(place: Endpoint) -> list[str]:
        return [ask(place, "/cart.jsp", cookie).text for cookie in cookies]

    until(lambda: carts(green) == expected, 20)
    until(lambda: "sessions fetched from" in fresh.containers.last_lines(blue.name, 200), 10)
    assert carts(blue) == carts(green) == expected


def test_a_replica_that_froze_keeps_no_change_from_the_others(fresh: Site) -> None:
    app, shop = fresh.app(), war(SHOP)
    one, two = fresh.start(app, Slot.BLUE, shop, replicas=2)
    (green,) = fresh.start(app, Slot.GREEN, shop)
    cookie = ask(one, "/add.jsp?item=a").cookie
    fresh.api.pause(green.name)
    for items in ("a, b", "a, b, c", "a, b, c, d"):
        assert ask(one, f"/add.jsp?item={items[-1]}", cookie).text == f"[{items}]"
        assert ask(two, "/cart.jsp", cookie).text == f"[{items}]"
    fresh.api.unpause(green.name)


def test_who_logs_out_while_a_replica_is_frozen_stays_logged_out(fresh: Site) -> None:
    app, shop = fresh.app(), war({})
    blue, green = (fresh.start(app, slot, shop)[0] for slot in Slot)
    cookie, other = (ask(blue, "/name.jsp?is=Ada").cookie for _ in range(2))
    until(lambda: ask(green, "/hello.jsp", cookie).text == "Ada", 5)
    fresh.api.pause(green.name)
    until(lambda: ask(blue, "/name.jsp?is=Eve", other).seconds < 0.05, 20)  # nobody waits for it any more
    assert ask(blue, "/end.jsp", cookie).text == "ended"
    fresh.api.unpause(green.name)
    until(lambda: "sessions fetched from" in fresh.containers.last_lines(blue.name, 200), 20)
    until(lambda: ask(green, "/hello.jsp", cookie).text == "null", 5)
    assert ask(blue, "/hello.jsp", cookie).text == "null"
    assert [ask(place, "/hello.jsp", other).text for place in (blue, green)] == ["Eve", "Eve"]


def test_the_application_is_told_of_a_sessions_begin_and_end_once_and_not_by_a_replica_that_goes(fresh: Site) -> None:
    app, shop = fresh.app(), war(BINDING)
    blue, green = (fresh.start(app, slot, shop)[0] for slot in Slot)
    cookie = ask(blue, "/reserve.jsp").cookie
    fresh.api.stop(blue.name)
    assert fresh.containers.last_lines(blue.name, 200).count("stock is") == 1
    assert "stock is" not in fresh.containers.last_lines(green.name, 200)
    ask(green, "/end.jsp", cookie)
    until(lambda: "stock is released" in fresh.containers.last_lines(green.name, 200), 5)


def test_sessions_of_any_size_are_given_to_a_release_that_starts(fresh: Site) -> None:
    app, shop = fresh.app(), war({})
    (blue,) = fresh.start(app, Slot.BLUE, shop)
    cookies = [ask(blue, "/big.jsp").cookie for _ in range(60)]
    (green,) = fresh.start(app, Slot.GREEN, shop)
    assert "OutOfMemoryError" not in fresh.containers.last_lines(blue.name, 400)
    assert {ask(green, "/hello.jsp", cookie).text[:2] for cookie in cookies} == {"[B"}


@pytest.mark.parametrize("classes", [CHANGED, REMOVED], ids=["changed", "removed"])
def test_a_session_that_does_not_fit_the_other_release_is_dropped_alone(fresh: Site, classes: dict[str, str]) -> None:
    app = fresh.app()
    (blue,) = fresh.start(app, Slot.BLUE, war(SHOP))
    old = [ask(blue, "/add.jsp?item=old").cookie for _ in range(5)]
    plain = [ask(blue, "/name.jsp?is=Ada").cookie for _ in range(5)]
    (green,) = fresh.start(app, Slot.GREEN, war(classes))
    assert {(a.status, a.text) for a in (ask(green, "/cart.jsp", cookie) for cookie in old)} == {(200, "null")}
    assert {(a.status, a.text) for a in (ask(green, "/hello.jsp", cookie) for cookie in plain)} == {(200, "Ada")}

    new = [ask(green, "/add.jsp?item=new").cookie for _ in range(5)]
    assert {ask(green, "/cart.jsp", cookie).text for cookie in new} == {"[new]"}
    until(lambda: bool(fresh.containers.session_messages(app.name, Slot.BLUE, 0)), 5)
    assert {(a.status, a.text) for a in (ask(blue, "/cart.jsp", cookie) for cookie in new)} == {(200, "null")}
    assert {ask(blue, "/cart.jsp", cookie).text for cookie in old} == {"[old]"}
    (told,) = fresh.containers.session_messages(app.name, Slot.GREEN, 0)
    assert "5 sessions dropped" in told
    assert 'the attribute "cart"' in told
    assert "shop.Line" in told
    fresh.api.stop(blue.name)
    (told,) = fresh.containers.session_messages(app.name, Slot.BLUE, 0)
    assert "5 sessions dropped" in told


def test_a_release_that_starts_has_the_latest_of_each_session_wherever_that_is(fresh: Site) -> None:
    app, shop = fresh.app(), war(SHOP)
    blues = fresh.start(app, Slot.BLUE, shop, replicas=2)
    cookies = [ask(blue, "/add.jsp?item=a").cookie for blue in blues]
    assert [ask(blue, "/place.jsp?item=b", cookie).text for blue, cookie in zip(blues, cookies, strict=True)] == [
        "added"
    ] * 2
    (green,) = fresh.start(app, Slot.GREEN, shop)
    assert [ask(green, "/cart.jsp", cookie).text for cookie in cookies] == ["[a, b]"] * 2


def test_a_release_that_could_not_fetch_the_sessions_is_not_healthy(fresh: Site) -> None:
    app, shop = fresh.app(), war(SHOP)
    (blue,) = fresh.start(app, Slot.BLUE, shop)
    fresh.containers.check_sessions(app.name, Slot.BLUE, 0)
    fresh.api.pause(blue.name)
    fresh.start(app, Slot.GREEN, shop)
    fresh.api.unpause(blue.name)
    with pytest.raises(Unhealthy, match="the sessions are not all here") as refused:
        fresh.containers.check_sessions(app.name, Slot.GREEN, 0)
    assert "hangs" in refused.value.problem


def test_more_changes_than_can_wait_for_a_frozen_replica_hold_up_nobody_and_reach_it_later(fresh: Site) -> None:
    app, shop = fresh.app(), war({})
    blue, green = (fresh.start(app, slot, shop)[0] for slot in Slot)
    cookies = [ask(blue, "/big.jsp").cookie for _ in range(20)]
    fresh.api.pause(green.name)

    def visit(cookie: str) -> ReplicaAnswer:
        ask(blue, "/big.jsp", cookie)
        ask(blue, "/big.jsp", cookie)
        return ask(blue, "/name.jsp?is=Ada", cookie)

    with ThreadPoolExecutor(5) as visitors:
        answers = list(visitors.map(visit, cookies))
    fresh.api.unpause(green.name)
    assert {answer.status for answer in answers} == {200}
    assert max(answer.seconds for answer in answers) < 1
    assert "too much waits to be sent" in fresh.containers.last_lines(blue.name, 400)
    until(lambda: {ask(green, "/hello.jsp", cookie).text for cookie in cookies} == {"Ada"}, 40, pause=0.5)


@dataclass(frozen=True)
class Pair:
    """A replica of each slot, for all tests that leave them as they are."""

    site: Site
    app: AppSettings
    blue: Endpoint
    green: Endpoint

    def told(self) -> str:
        return "\n".join(self.site.containers.session_messages(self.app.name, Slot.BLUE, 0))

    def named(self, name: str, cookie: str) -> None:
        until(lambda: ask(self.green, "/hello.jsp", cookie).text == name, 5, f"the name {name} on green")


@pytest.fixture(scope="class")
def pair(site: Site) -> Iterator[Pair]:
    app = site.app()
    yield Pair(site, app, *(site.start(app, slot, war(UNWRITABLE, more=JAKARTA_PAGES))[0] for slot in Slot))
    site.clear()


class TestTwoReplicas:
    def test_what_cannot_be_serialised_stays_where_it_is_and_is_told(self, pair: Pair) -> None:
        answer = ask(pair.blue, "/odd.jsp")
        assert answer.status == 200
        pair.named("Ada", answer.cookie)
        why = "is not replicated and is lost with its replica"
        assert f'"odd" {why}: java.lang.Object is not Serializable' in pair.told()
        assert f'"deep" {why}: java.lang.Thread is not Serializable' in pair.told()
        assert ask(pair.blue, "/many.jsp", answer.cookie).text == "set"
        assert pair.told().count("java.lang.Object") == 1

    def test_what_cannot_be_serialised_any_more_is_gone_elsewhere(self, pair: Pair) -> None:
        cookie = ask(pair.blue, "/name.jsp?is=Ada").cookie
        pair.named("Ada", cookie)
        ask(pair.blue, "/unsent.jsp", cookie)
        pair.named("null", cookie)
        assert ask(pair.blue, "/hello.jsp", cookie).text.startswith("java.lang.Object")

    def test_what_is_changed_beside_something_that_cannot_be_serialised_is_changed_everywhere(self, pair: Pair) -> None:
        cookie = ask(pair.blue, "/name.jsp?is=Ada").cookie
        pair.named("Ada", cookie)
        assert ask(pair.blue, "/paid.jsp", cookie).text == "paid"
        pair.named("null", cookie)
        assert ask(pair.green, "/limit.jsp", cookie).text == "77"

    def test_what_is_changed_beside_something_that_fails_while_it_is_written_is_changed_everywhere(
        self, pair: Pair
    ) -> None:
        busy, chain = ask(pair.blue, "/busy.jsp"), ask(pair.blue, "/chain.jsp")
        assert (busy.status, chain.status) == (200, 200)
        pair.named("Eve", busy.cookie)
        pair.named("Ada", chain.cookie)
        assert '"chain" is not replicated' in pair.told()

    def test_an_error_while_a_session_is_read_makes_no_replica_deaf(self, pair: Pair) -> None:
        other = ask(pair.blue, "/name.jsp?is=Ada").cookie
        pair.named("Ada", other)
        assert ask(pair.blue, "/trap.jsp").status == 200
        assert ask(pair.blue, "/name.jsp?is=Eve", other).text == "set"
        pair.named("Eve", other)
        (green,) = pair.site.start(pair.app, Slot.GREEN, war(UNWRITABLE, more=JAKARTA_PAGES))
        assert ask(green, "/hello.jsp", other).text == "Eve"

    def test_what_is_changed_after_start_async_is_changed_everywhere(self, pair: Pair) -> None:
        cookie = ask(pair.blue, "/name.jsp?is=Ada").cookie
        assert ask(pair.blue, "/later.jsp", cookie).status == 200
        pair.named("later", cookie)


def test_a_web_xml_without_distributable_is_told_however_much_the_app_prints(fresh: Site) -> None:
    app = fresh.app()
    (blue,) = fresh.start(app, Slot.BLUE, war({}, distributable=False))
    (told,) = fresh.containers.session_messages(app.name, Slot.BLUE, 0)
    assert "NOT replicated" in told
    assert "<distributable/>" in told
    assert ask(blue, "/print.jsp").text == "printed"
    assert fresh.containers.session_messages(app.name, Slot.BLUE, 0) == [told]


def test_the_clusters_port_is_reached_by_its_own_members_alone(fresh: Site) -> None:
    app, other = fresh.app(), fresh.app(name="it-stranger")
    (blue,) = fresh.start(app, Slot.BLUE, war({}))
    (foreign,) = fresh.start(other, Slot.BLUE, war({}), number=2)
    own = cluster_addresses(fresh.docker, 1, Slot.BLUE)[0]

    def reaches(container: str, address: str, port: int) -> bool:
        script = f"timeout 2 bash -c '</dev/tcp/{address}/{port}'"
        made = fresh.api.exec_create(container, ["bash", "-c", script])["Id"]
        fresh.api.exec_start(made)
        return int(fresh.api.exec_inspect(made)["ExitCode"]) == 0

    assert reaches(blue.name, own, 4000)
    assert not reaches(blue.name, blue.host, 4000)
    assert reaches(foreign.name, blue.host, 8080)
    assert not reaches(foreign.name, own, 4000)
    assert not reaches(foreign.name, blue.host, 4000)
    for one in (app, other):
        for slot in Slot:
            fresh.containers.stop(one.name, slot, 0)
    assert len(fresh.api.networks(filters={"label": f"hookserver.state_dir={fresh.root}"})) == 1


@pytest.mark.parametrize("line", ["7.0-jdk8", *LINES])
def test_a_visitor_whose_session_is_gone_is_sent_elsewhere_on_every_line(fresh: Site, line: str) -> None:
    (blue,) = fresh.start(fresh.app(line, sessions="sticky"), Slot.BLUE, war({}))
    header = {"X-Hookserver-Elsewhere": "@fresh"}
    cookie = ask(blue, "/name.jsp?is=Ada").cookie
    gone = ask(blue, "/hello.jsp", "0123456789ABCDEF.blue1", **header)
    assert (gone.status, gone.text, gone.elsewhere) == (200, "", "@fresh")
    assert ask(blue, "/hello.jsp", cookie, **header).text == "Ada"
    assert ask(blue, "/hello.jsp", **header).elsewhere == "@fresh", "its cookie is of another app"
    assert ask(blue, "/hello.jsp", "0123456789ABCDEF.blue1").elsewhere is None


def test_a_tomcat_whose_clustering_stands_still_is_refused(fresh: Site) -> None:
    with pytest.raises(BuildError, match=r"release\.sessions is replicated") as refused:
        fresh.image(fresh.app("7.0-jdk8"), war({}))
    assert "sticky" in refused.value.remedy


def test_nothing_is_shared_by_an_image_that_runs_without_replication(fresh: Site) -> None:
    shop: Any = war(SHOP)
    app = fresh.app(sessions="sticky")
    blue, green = (fresh.start(app, slot, shop)[0] for slot in Slot)
    cookie = ask(blue, "/add.jsp?item=a").cookie
    assert ask(blue, "/cart.jsp", cookie).text == "[a]"
    assert ask(green, "/cart.jsp", cookie).text == "null"


def test_a_cart_goes_with_its_visitor_through_switches_a_rollback_and_a_crash() -> None:
    with installed("172.30.191.0/24", cluster="172.30.185.0/24") as site:
        shop = site.add_app("it-carts-shared", replicas=2, app='poll = "0"', release='sessions = "replicated"')
        site.start()

        def visit(path: str, cookie: str = "") -> ReplicaAnswer:
            nginx = Endpoint("nginx", "", "127.0.0.1", site.site_port)
            return ask(nginx, path, cookie, Host="it-carts-shared.test")

        def release(version: str) -> None:
            shop.commit(
                {"app.war": war({**SHOP, "Release": f"package shop; class Release {{ int version = {version}; }}"})}
            )
            ended = site.ended(shop.push().deploy)
            assert ended["status"] == "live", ended

        release("1")
        cookies = [visit(f"/add.jsp?item=a{number}").cookie for number in range(10)]
        release("2")
        assert [visit("/cart.jsp", cookie).text for cookie in cookies] == [f"[a{number}]" for number in range(10)]
        assert {visit("/add.jsp?item=b", cookie).status for cookie in cookies} == {200}

        site.docker.containers.get("hs-it-carts-shared-green-1").kill()
        after = [visit("/add.jsp?item=c", cookie) for cookie in cookies]
        assert [answer.text for answer in after] == [f"[a{number}, b, c]" for number in range(10)]
        done = site.command("rollback", "it-carts-shared")
        assert done.returncode == 0, done.stderr
        assert [visit("/cart.jsp", cookie).text for cookie in cookies] == [f"[a{n}, b, c]" for n in range(10)]
