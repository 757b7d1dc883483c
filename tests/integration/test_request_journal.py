"""A replica is killed with POSTs in flight, on real Tomcats of every line: none is lost or processed twice."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from hookserver.models import Endpoint
from hookserver.state.request_journal import ACTIVE, folder, make_empty
from tests.shop import Installation, installed
from tests.waiting import until

LINES = ["7.0-jdk8", "8.5-jdk8", "9.0-jdk17", "10.1-jdk17", "11.0-jdk21"]
USUAL = "10.1-jdk17"
ROUTE = '<%= System.getProperty("hookserver.route") %>'
DONE = 'Integer done = (Integer) application.getAttribute("done"); if (done == null) done = 0;'
ONE_MORE = f'synchronized (application) {{ {DONE} application.setAttribute("done", done + 1); }}'
PAGES = {
    "WEB-INF/web.xml": '<web-app xmlns="http://xmlns.jcp.org/xml/ns/javaee" version="3.0"></web-app>',
    "health": "well",
    "index.html": "well",
    "pay.jsp": f"""<%@ page session="false" %><% {ONE_MORE}
      String ms = request.getParameter("ms"); if (ms != null) Thread.sleep(Long.parseLong(ms)); %>paid {ROUTE}""",
    "paid.jsp": f'<%@ page session="false" %><% {DONE} %><%= done %>',
    "later.jsp": f"""<%@ page session="false" %><% {ONE_MORE}
      request.setAttribute("org.apache.catalina.ASYNC_SUPPORTED", Boolean.TRUE);
      final AsyncContext later = request.startAsync();
      later.setTimeout(60000);
      final long ms = Long.parseLong(request.getParameter("later"));
      final String then = request.getParameter("then");
      new Thread(new Runnable() {{ public void run() {{
        try {{ Thread.sleep(ms); }} catch (InterruptedException e) {{ return; }}
        if (then == null) later.complete(); else later.dispatch(then);
      }} }}).start(); %>""",
}
BROWSER = {"Accept": "text/html,*/*;q=0.8"}


CROWD = 12
INODES = 100


def war() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in PAGES.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return packed.getvalue()


def name_of(line: str) -> str:
    """Of the line's app."""
    return f"it-journal-{line.partition('.')[0]}"


@dataclass(frozen=True)
class JournalShop:
    """An app with two replicas of one line of Tomcats, in an installation that several share."""

    site: Installation
    app: str

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.site.site_port}"

    def ask(self, path: str, replica: int = 1, *, method: str = "GET", **headers: str) -> requests.Response:
        """The answer of this replica, or of the one that takes its place."""
        sent = {"Host": f"{self.app}.test", "Cookie": f"JSESSIONID=0AF9.blue{replica}", **headers}
        form = {"id": "1"} if method == "POST" else None
        url = f"{self.origin}{path}"
        return requests.request(method, url, headers=sent, data=form, timeout=60, allow_redirects=False)

    def paid(self, replica: int) -> int:
        """How many POSTs the replica's application has begun to process."""
        return int(self.ask("/paid.jsp", replica).text)

    def container(self, replica: int = 1) -> Any:
        return self.site.docker.containers.get(f"hs-{self.app}-blue-{replica}")

    def pid(self) -> int:
        """Of the first replica's JVM."""
        return int(self.container().attrs["State"]["Pid"])

    def address(self) -> str:
        """Of the first replica."""
        (network,) = self.container().attrs["NetworkSettings"]["Networks"].values()
        return str(network["IPAMConfig"]["IPv4Address"])

    def journal(self) -> Path:
        """The first replica's."""
        return folder(self.site.state, self.app, self.address())

    def in_flight(self) -> int:
        """Connections to the first replica."""
        return self.site.nginx.requests_in_flight([Endpoint("", "", self.address())])

    def recorded(self) -> set[str]:
        """The requests in the first replica's journal."""
        return {
            record.name for record in self.journal().iterdir() if re.fullmatch("[0-9.]+-[0-9]+-[0-9]+", record.name)
        }

    @contextmanager
    def asking(self, count: int, path: str, **headers: str) -> Iterator[list[Future[requests.Response]]]:
        """So many POSTs at a time to the first replica."""
        with ThreadPoolExecutor(count) as visitors:
            yield [visitors.submit(self.ask, path, 1, method="POST", **headers) for _ in range(count)]

    def run_both(self) -> None:
        """Start a killed replica again, before Docker does, and wait until visitors reach both."""
        if self.container().status != "running":
            self.container().restart(timeout=0)
        until(lambda: all(self.ask("/pay.jsp", replica).text == f"paid blue{replica}" for replica in (1, 2)), 60)


def freeze(pid: int) -> None:
    """Stop every thread of the process."""
    os.kill(pid, signal.SIGSTOP)
    threads = Path(f"/proc/{pid}/task")
    until(lambda: all(") T " in (thread / "stat").read_text() for thread in threads.iterdir()))


def kill_while_frozen(shop: JournalShop, status: int) -> list[requests.Response]:
    """The answers, of this status, to POSTs that the first replica gets while it is frozen, until it is killed."""
    freeze(shop.pid())
    with shop.asking(CROWD, "/pay.jsp") as asked:
        until(lambda: shop.in_flight() >= CROWD)
        shop.container().kill()
    answers = [future.result() for future in asked]
    assert [answer.status_code for answer in answers] == [status] * CROWD
    return answers


@pytest.fixture(scope="module")
def site() -> Iterator[Installation]:
    with installed("172.30.183.0/24") as site:
        yield site


def make_small(site: Installation) -> None:
    """The usual line's journals are on a file system with room for few files, within that of all."""
    place = site.state.request_journals / name_of(USUAL)
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"nr_inodes={INODES},mode=755", "journal", str(place)], check=True)


@pytest.fixture(scope="module")
def shops(site: Installation) -> dict[str, JournalShop]:
    """One for each line, live."""
    found, projects = {}, {}
    for line in LINES:
        name = name_of(line)
        found[line] = JournalShop(site, name)
        image = f'image = "tomcat:{line}-temurin"'
        projects[name] = site.add_app(name, replicas=2, app='poll = "0"', tomcat=image)
    site.start()
    make_small(site)
    for project in projects.values():
        project.commit({"app.war": war()})
        ended = site.ended(project.push().deploy)
        assert ended["status"] == "live", site.log(ended["deploy"])
    return found


@pytest.fixture
def shop(shops: dict[str, JournalShop]) -> JournalShop:
    shops[USUAL].run_both()
    return shops[USUAL]


@pytest.mark.parametrize("line", LINES)
def test_request_that_a_killed_replica_had_not_begun_is_processed_once_by_its_sibling(
    shops: dict[str, JournalShop], line: str
) -> None:
    shop = shops[line]
    shop.run_both()
    before = shop.paid(2)
    assert {answer.text for answer in kill_while_frozen(shop, 200)} == {"paid blue2"}
    assert shop.paid(2) == before + CROWD


@pytest.mark.parametrize("line", LINES)
def test_request_that_a_killed_replica_had_begun_is_processed_by_no_other(
    shops: dict[str, JournalShop], line: str
) -> None:
    shop = shops[line]
    shop.run_both()
    before, recorded = shop.paid(2), shop.recorded()
    page = {"Referer": f"http://{shop.app}.test/cart"}
    with shop.asking(1, "/pay.jsp?ms=30000") as api, shop.asking(1, "/pay.jsp?ms=30000", **BROWSER, **page) as shown:
        until(lambda: len(shop.recorded() - recorded) == 2)
        shop.container().kill()
    assert api[0].result().status_code == 502
    assert (shown[0].result().status_code, shown[0].result().headers["Location"]) == (303, page["Referer"])
    assert shop.paid(2) == before


def test_journal_records_a_post_for_some_seconds_and_no_get_or_put(shop: JournalShop) -> None:
    until(lambda: not shop.recorded(), 60)
    assert shop.ask("/pay.jsp").status_code == 200
    assert shop.ask("/pay.jsp", method="PUT").status_code in (200, 405)
    assert not shop.recorded()
    answer = shop.ask("/pay.jsp", method="POST")
    assert shop.recorded() == {answer.headers["X-Request-Id"]}
    until(lambda: not shop.recorded(), 30)
    assert (shop.journal() / ACTIVE).exists()


def test_visitor_cannot_choose_the_name_of_a_record(shop: JournalShop) -> None:
    before, named = set(shop.journal().iterdir()), {"X-Request-Id": "../keeps"}
    answer = shop.ask("/pay.jsp", 1, method="POST", **named)
    assert {record.name for record in set(shop.journal().iterdir()) - before} == {answer.headers["X-Request-Id"]}


def test_restarted_replica_removes_the_records_from_before_its_kill(shop: JournalShop) -> None:
    left = shop.ask("/pay.jsp", method="POST").headers["X-Request-Id"]
    shop.container().kill()
    assert left in shop.recorded()
    shop.run_both()
    assert (shop.journal() / ACTIVE).exists()
    until(lambda: left not in shop.recorded(), 60)


def test_record_of_an_asynchronous_request_stays_until_it_is_complete(shop: JournalShop) -> None:
    with shop.asking(1, "/later.jsp?later=22000") as asked:
        until(lambda: len(shop.recorded()) > 0)
        records = [shop.recorded() for _ in iter(lambda: asked[0].done(), True)]
    answer = asked[0].result()
    assert answer.status_code == 200
    assert all(answer.headers["X-Request-Id"] in recorded for recorded in records)
    until(lambda: not shop.recorded(), 60)


def test_dispatched_asynchronous_request_is_processed_once_and_recorded(shop: JournalShop) -> None:
    before = shop.paid(1)
    answer = shop.ask("/later.jsp?later=50&then=/paid.jsp", method="POST")
    assert (answer.status_code, answer.text) == (200, str(before + 1))
    assert answer.headers["X-Request-Id"] in shop.recorded()


def test_replica_without_a_journal_serves_on_and_none_of_its_requests_is_repeated(shop: JournalShop) -> None:
    shutil.rmtree(shop.journal())
    assert shop.ask("/pay.jsp", method="POST").text == "paid blue1"
    kill_while_frozen(shop, 502)


def test_replica_whose_journal_is_full_logs_that_and_none_of_its_requests_is_repeated(shop: JournalShop) -> None:
    until((shop.journal() / ACTIVE).exists, 30)
    fill(shop)
    assert shop.ask("/pay.jsp", method="POST").text == "paid blue1"
    assert not (shop.journal() / ACTIVE).exists()
    until(lambda: b"will not be repeated" in shop.container().logs(tail=20), 10)  # Docker copies it in its own time
    fill(shop)
    kill_while_frozen(shop, 502)
    for file in shop.journal().glob("filled-*"):
        file.unlink()
    shop.run_both()
    until((shop.journal() / ACTIVE).exists, 30)
    kill_while_frozen(shop, 200)


def fill(shop: JournalShop) -> None:
    """Leave no room for another file in the first replica's journal."""
    with contextlib.suppress(OSError):
        for number in range(INODES):
            (shop.journal() / f"filled-{number}").touch()


def test_start_of_hookserver_deactivates_journals_until_their_replicas_activate_them_again(shop: JournalShop) -> None:
    until((shop.journal() / ACTIVE).exists, 30)
    stranger = folder(shop.site.state, shop.app, "172.30.183.250")
    make_empty(stranger)
    (stranger / ACTIVE).touch()
    shop.site.kill_all()
    shop.site.start()
    assert not (stranger / ACTIVE).exists()
    until((shop.journal() / ACTIVE).exists, 30)
    kill_while_frozen(shop, 200)
