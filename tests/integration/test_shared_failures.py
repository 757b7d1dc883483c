"""Sessions that all replicas share: what cannot be read or written fails no page, and holds up nobody."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from hookserver.models import Endpoint, Slot
from tests.shop.replicas import ReplicaAnswer, Replicas, ask, replicas_below
from tests.shop.session_wars import CHANGED, REMOVED, SHOP, UNWRITABLE, UNWRITABLE_PAGES, war
from tests.waiting import until

HELD_UP = 1.0
"""Seconds that nobody waits because of another replica, which is given 0.2: eight who wait in turn need 1.6."""
SESSIONS_MAX = 2 << 20


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    with replicas_below(tmp_path_factory.mktemp("failures"), "it-failures", "172.30.184.0/24") as made:
        yield made


@pytest.fixture
def fresh(site: Replicas) -> Iterator[Replicas]:
    yield site
    site.clear()


@pytest.fixture(scope="class")
def pair(site: Replicas) -> Iterator[tuple[Endpoint, Endpoint]]:
    """A replica of each slot, for all tests that leave them as they are."""
    yield site.pair(site.app(), war({**SHOP, **UNWRITABLE}, pages=UNWRITABLE_PAGES))
    site.clear()


@contextmanager
def small_disk(site: Replicas, size: str) -> Iterator[None]:
    """The app's sessions are on a disk of their own, of this size."""
    site.store.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "it-failures", site.store], check=True)
    try:
        yield
    finally:
        site.clear()
        subprocess.run(["umount", site.store], check=True)


def warm(*places: Endpoint) -> None:
    """Compile the pages, so that no later answer takes that time."""
    for place in places:
        cookie = ask(place, "/add.jsp?item=warm").cookie
        for page in ("/cart.jsp", "/hello.jsp", "/name.jsp?is=Ada", "/set.jsp?name=warm&ms=0", "/end.jsp"):
            ask(place, page, cookie)


class TestTwoReplicas:
    def test_attribute_that_cannot_be_serialized_is_kept_in_memory_and_reported_once(
        self, site: Replicas, pair: tuple[Endpoint, Endpoint]
    ) -> None:
        blue, green = pair
        answers = [ask(blue, "/odd.jsp") for _ in range(5)]
        assert {answer.status for answer in answers} == {200}
        cookie = answers[0].cookie
        assert ask(green, "/names.jsp", cookie).text == "name"
        assert ask(blue, "/names.jsp", cookie).text == "deep name odd"
        for attribute, of in (("odd", "java.lang.Object"), ("deep", "java.lang.Thread")):
            lines = [line for line in site.messages(Slot.BLUE).splitlines() if f'"{attribute}"' in line]
            assert [of in line for line in lines] == [True]

    def test_attributes_that_fail_while_they_are_written_or_read_take_no_others_along(
        self, pair: tuple[Endpoint, Endpoint]
    ) -> None:
        blue, green = pair
        for page, name in (("/busy.jsp", "Eve"), ("/chain.jsp", "Ada"), ("/trap.jsp", "Ada")):
            answer = ask(blue, page)
            assert answer.status == 200, page
            assert ask(green, "/hello.jsp", answer.cookie).text == name, page
            assert ask(green, "/add.jsp?item=a", answer.cookie).text == "[a]", page
            assert ask(blue, "/cart.jsp", answer.cookie).text == "[a]", page

    def test_class_of_no_application_is_not_read_and_reported(
        self, site: Replicas, pair: tuple[Endpoint, Endpoint]
    ) -> None:
        blue, green = pair
        cookie = ask(blue, "/gadget.jsp").cookie
        assert ask(green, "/names.jsp", cookie).text == "name"
        assert ask(green, "/name.jsp?is=Eve", cookie).status == 200
        assert ask(blue, "/hello.jsp", cookie).text == "Eve"
        (line,) = [line for line in site.messages(Slot.GREEN).splitlines() if '"gadget"' in line]
        assert "javax.management.BadAttributeValueExpException" in line

    def test_truncated_file_costs_its_session_alone(self, site: Replicas, pair: tuple[Endpoint, Endpoint]) -> None:
        blue, green = pair
        before = set(site.stored())
        cookie = ask(blue, "/add.jsp?item=a").cookie
        (file,) = set(site.stored()) - before
        whole = ask(blue, "/add.jsp?item=b").cookie
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        assert [(ask(place, "/cart.jsp", cookie).status) for place in pair] == [200, 200]
        assert ask(green, "/cart.jsp", cookie).text == "null"
        assert ask(green, "/cart.jsp", whole).text == "[b]"
        again = ask(green, "/add.jsp?item=new", cookie)
        assert (again.status, again.text) == (200, "[new]")
        assert ask(blue, "/cart.jsp", again.cookie).text == "[new]"
        assert site.messages(Slot.GREEN) != ""

    def test_folder_that_cannot_be_read_fails_no_page(self, site: Replicas, pair: tuple[Endpoint, Endpoint]) -> None:
        blue, green = pair
        cookie = ask(blue, "/add.jsp?item=a").cookie
        for file in site.stored():
            file.unlink()
            file.mkdir()
        answers = [ask(place, "/add.jsp?item=b", cookie) for place in (green, blue)]
        assert [answer.status for answer in answers] == [200, 200]


@pytest.mark.parametrize("classes", [CHANGED, REMOVED], ids=["changed", "removed"])
def test_attribute_of_another_release_is_hidden_alone_and_found_after_a_rollback(
    fresh: Replicas, classes: dict[str, str]
) -> None:
    app = fresh.app()
    (blue,) = fresh.start(app, Slot.BLUE, war())
    cookies = [ask(blue, "/add.jsp?item=old").cookie for _ in range(5)]
    for cookie in cookies:
        ask(blue, "/name.jsp?is=Ada", cookie)
    (green,) = fresh.start(app, Slot.GREEN, war(classes))
    assert {(a.status, a.text) for a in (ask(green, "/cart.jsp", cookie) for cookie in cookies)} == {(200, "null")}
    assert {ask(green, "/hello.jsp", cookie).text for cookie in cookies} == {"Ada"}
    assert {ask(green, "/name.jsp?is=Eve", cookie).text for cookie in cookies} == {"set"}
    (line,) = [line for line in fresh.messages(Slot.GREEN).splitlines() if '"cart"' in line]
    assert "shop.Line" in line

    assert {ask(blue, "/cart.jsp", cookie).text for cookie in cookies} == {"[old]"}
    fresh.restart(blue)
    assert {ask(blue, "/cart.jsp", cookie).text for cookie in cookies} == {"[old]"}
    assert {ask(blue, "/hello.jsp", cookie).text for cookie in cookies} == {"Eve"}

    assert ask(green, "/add.jsp?item=new", cookies[0]).text == "[new]"
    assert ask(green, "/cart.jsp", cookies[0]).text == "[new]"
    assert ask(blue, "/cart.jsp", cookies[0]).status == 200


def test_distributable_application_may_keep_what_cannot_be_serialized(fresh: Replicas) -> None:
    blue, green = fresh.pair(fresh.app(), war(web_xml="<distributable/>"))
    answer = ask(blue, "/odd.jsp")
    assert (answer.status, ask(green, "/hello.jsp", answer.cookie).text) == (200, "Ada")
    assert '"odd"' in fresh.messages(Slot.BLUE)


def test_full_disk_fails_no_page_and_carts_stay_at_their_replica(fresh: Replicas) -> None:
    with small_disk(fresh, "1536k"):
        app = fresh.app()
        blue, green = fresh.pair(app, war())
        kept = ask(blue, "/add.jsp?item=kept").cookie
        answers = fill(blue)
        assert ask(blue, "/hello.jsp", answers[-1].cookie).text == "big"
        assert ask(blue, "/add.jsp?item=b", answers[-1].cookie).text == "[b]"
        assert ask(blue, "/cart.jsp", answers[-1].cookie).text == "[b]"
        assert ask(green, "/cart.jsp", kept).text == "[kept]"
        lines = fresh.messages(Slot.BLUE).splitlines()
        assert len(lines) == 1, lines
        for file in fresh.stored():  # as when the disk is no longer full
            if file.stat().st_size > 1 << 19:
                file.unlink()
        assert ask(blue, "/add.jsp?item=c").status == 200


def test_sessions_take_no_more_of_the_disk_than_the_setting_says(fresh: Replicas) -> None:
    blue, green = fresh.pair(fresh.app(sessions_max="2m"), war())
    kept = ask(blue, "/add.jsp?item=kept").cookie
    answers = fill(blue)
    assert sum(file.stat().st_blocks * 512 for file in fresh.stored()) <= SESSIONS_MAX * 1.1
    assert ask(blue, "/hello.jsp", answers[-1].cookie).text == "big"
    assert ask(green, "/cart.jsp", kept).text == "[kept]"
    lines = fresh.messages(Slot.BLUE).splitlines()
    assert len(lines) == 1, lines


def fill(place: Endpoint) -> list[ReplicaAnswer]:
    """Make more large sessions than there is room for; every answer is good."""
    answers = [ask(place, "/big.jsp") for _ in range(8)]
    assert {(answer.status, answer.text) for answer in answers} == {(200, "set")}
    return answers


def test_replica_that_freezes_holds_up_nobody_and_shows_the_current_cart_afterwards(fresh: Replicas) -> None:
    blue, green = fresh.pair(fresh.app(), war())
    warm(blue, green)
    cookies = [ask(blue, "/add.jsp?item=0").cookie for _ in range(4)]
    over = threading.Event()

    def shop_on_green(number: int) -> None:
        while not over.is_set():
            ask(green, f"/set.jsp?name=green{number}&ms=0", cookies[number % len(cookies)])

    shoppers = [threading.Thread(target=shop_on_green, args=(number,), daemon=True) for number in range(8)]
    for shopper in shoppers:
        shopper.start()
    process = int(fresh.api.inspect_container(green.name)["State"]["Pid"])
    slowest, rounds = 0.0, 15
    try:
        for number in range(1, rounds + 1):
            time.sleep(0.05 + 0.007 * number)  # so that it freezes at any moment of a request
            os.kill(process, signal.SIGSTOP)  # Docker's pause is refused while its threads are busy
            answers = [ask(blue, f"/add.jsp?item={number}", cookie) for cookie in cookies]
            answers += [ask(blue, "/cart.jsp", cookie) for cookie in cookies]
            os.kill(process, signal.SIGCONT)
            slowest = max(slowest, *(answer.seconds for answer in answers))
    finally:
        os.kill(process, signal.SIGCONT)
        over.set()
        for shopper in shoppers:
            shopper.join(30)
    expected = f"[{', '.join(str(number) for number in range(rounds + 1))}]"
    assert {ask(place, "/cart.jsp", cookie).text for place in (blue, green) for cookie in cookies} == {expected}
    assert slowest < HELD_UP


def test_lock_held_by_a_frozen_replica_holds_up_no_parallel_request_and_loses_nothing(fresh: Replicas) -> None:
    blue, green = fresh.pair(fresh.app(), war())
    warm(blue, green)
    cookie = ask(blue, "/add.jsp?item=a").cookie
    with held_locks(fresh), ThreadPoolExecutor(8) as visitor:
        names = [f"n{number}" for number in range(8)]
        answers = list(visitor.map(lambda name: ask(blue, f"/set.jsp?name={name}&ms=0", cookie), names))
    assert {(answer.status, answer.text) for answer in answers} == {(200, "set")}
    until(lambda: ask(green, "/names.jsp", cookie).text.split() == ["cart", *names], 20, "the attributes on green")
    assert max(answer.seconds for answer in answers) < HELD_UP


@contextmanager
def held_locks(site: Replicas) -> Iterator[None]:
    """As if a replica had frozen while it wrote, whatever session that was."""
    with ExitStack() as files:
        for path in site.store.rglob("lock"):
            fcntl.lockf(files.enter_context(path.open("r+b")), fcntl.LOCK_EX)
        yield


def test_visitor_who_logs_out_while_a_replica_is_frozen_stays_logged_out(fresh: Replicas) -> None:
    blue, green = fresh.pair(fresh.app(), war())
    cookie = ask(blue, "/name.jsp?is=Ada").cookie
    assert ask(green, "/hello.jsp", cookie).text == "Ada"
    fresh.api.pause(green.name)
    assert ask(blue, "/end.jsp", cookie).text == "ended"
    fresh.api.unpause(green.name)
    assert [ask(place, "/hello.jsp", cookie).text for place in (green, blue)] == ["null", "null"]


def test_request_that_ends_after_its_session_brings_nothing_back(fresh: Replicas) -> None:
    blue, green = fresh.pair(fresh.app(), war())
    warm(blue, green)
    cookie = ask(blue, "/name.jsp?is=Ada").cookie
    slow = threading.Thread(target=ask, args=(green, "/set.jsp?name=late&ms=1500", cookie))
    slow.start()
    time.sleep(0.5)
    assert ask(blue, "/end.jsp", cookie).text == "ended"
    slow.join()
    for place in (blue, green):
        until(lambda place=place: ask(place, "/names.jsp", cookie).text == "", 5)  # type: ignore[misc]
