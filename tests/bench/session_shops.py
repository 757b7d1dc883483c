"""The sample shop three times, once with each way to keep sessions, on a Docker daemon of the bench's own."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import requests

from hookserver.models import Slot
from tests.bench.installation import with_unix_times
from tests.bench.visitors import VisitorLoad, visiting
from tests.shop import Installation, ShopProject, installed
from tests.shop.docker_daemon import DockerDaemon, docker_daemon
from tests.shop.sample import sample_war
from tests.waiting import until

MODES = ("none", "sticky", "shared")
STICKY_FOR = 20.0
"""Seconds; longer than a customer takes from the login to the payment."""
RELEASE = 'sessions = "{mode}"\nsticky_for = "20s"\nstandby = "15s"\ndrain = "5s"\n'
SUBNET = "172.30.216.0/24"
_BRIDGE = ("hs-bench0", "172.30.222.1/24")
_TOMCAT = "tomcat:10.1-jdk17-temurin"
PAGES = {
    "stock.jsp": """<% java.util.ArrayList<String> seen = new java.util.ArrayList<>();
      for (int n = 0; n < 100; n++) seen.add("product " + session.getId() + " " + (1000 + n));
      session.setAttribute("seen", seen); %>stocked""",
    "fill.jsp": """<%@ page session="false" %><% int made = Integer.parseInt(request.getParameter("sessions"));
      for (int n = 0; n < made; n++) {
        java.io.InputStream in = new java.net.URL("http://127.0.0.1:8080/stock.jsp").openStream();
        while (in.read() >= 0) { }
        in.close(); } %><%= made %>""",
    "heap.jsp": """<%@ page session="false" %><% for (int n = 0; n < 3; n++) System.gc();
      %><%= Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory() %>""",
}
"""``stock.jsp`` makes a session of 5 kB; ``fill.jsp`` many of them, by requests of the replica to itself."""


@dataclass(frozen=True)
class Shop:
    """One of the three, behind the installation's Nginx."""

    mode: str
    site: Installation
    project: ShopProject

    @property
    def app(self) -> str:
        return self.project.app

    @property
    def host(self) -> str:
        """The name by which Nginx knows it."""
        return f"{self.app}.test"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.site.site_port}"

    def push(self, version: str) -> dict[str, Any]:
        """Push a version; the deploy once it is live and has drained, its times in Unix seconds."""
        self.project.commit({"app.war": sample_war(version, PAGES)}, version)
        return self._ended(self.project.push().deploy)

    def roll_back(self) -> dict[str, Any]:
        """Roll back to the release before the live one, from its image if it does not stand by; as `push`."""
        live = self.site.store.app(self.app).live or 0
        to = max(one.deploy for one in self.site.store.releases(self.app) if one.deploy < live)
        answer = self.site.ask("POST", f"/api/v1/apps/{self.app}/rollback", {"to": to})
        if answer.status != 202:
            raise RuntimeError(f"a rollback to deploy {to} is answered {answer.status}: {answer.text}")
        return self._ended(int(answer.json["deploy"]))

    def _ended(self, number: int) -> dict[str, Any]:
        deploy = with_unix_times(self.site.ended(number, 200))
        if not deploy["live_at"]:
            raise RuntimeError(f"deploy {number} is {deploy['status']}: {deploy['reason']}")
        return deploy

    def await_retired(self) -> None:
        """Wait until the release before the live one is gone."""
        until(lambda: len({one.labels["hookserver.slot"] for one in self.replicas()}) == 1, 90.0 + STICKY_FOR)

    def replicas(self) -> list[Any]:
        """Its containers."""
        return self.site.containers(app=self.app)

    def live(self) -> list[Any]:
        """The containers of the live slot, by number."""
        slot = self.site.live_slot(self.app) or Slot.BLUE
        mine = [one for one in self.replicas() if one.labels["hookserver.slot"] == slot]
        return sorted(mine, key=lambda one: str(one.labels["hookserver.replica"]))

    def kill(self, replica: Any) -> float:
        """Kill a replica's process, as the kernel would; the Unix time. Docker starts it again."""
        at = time.time()
        os.kill(int(replica.attrs["State"]["Pid"]), signal.SIGKILL)
        return at

    def kill_all(self) -> float:
        """Kill all of them at once; the Unix time."""
        pids = [int(one.attrs["State"]["Pid"]) for one in self.replicas()]
        at = time.time()
        for pid in filter(None, pids):
            os.kill(pid, signal.SIGKILL)
        return at

    def await_answer(self, seconds: float = 120) -> float:
        """Wait until it answers a visitor; the Unix time."""
        until(lambda: self.site.visit(self.app, "/health").status == 200, seconds, self.app, pause=0.1)
        return time.time()

    def await_all(self) -> None:
        """Wait until each of its live replicas answers."""
        for replica in self.live():
            until(partial(answers, replica), 120, self.app, pause=0.05)

    def visiting(self, *options: str) -> AbstractContextManager[VisitorLoad]:
        """Visitors, by deploy/load.py, as long as the block lasts."""
        return visiting(self.url, "--host", self.host, *options)


def address(replica: Any) -> str:
    """The URL of a container's Tomcat."""
    (network,) = replica.attrs["NetworkSettings"]["Networks"].values()
    return f"http://{network['IPAMConfig']['IPv4Address']}:8080"


def answers(replica: Any) -> bool:
    """Whether the Tomcat of a container answers."""
    try:
        return requests.get(f"{address(replica)}/health", timeout=5).ok
    except requests.RequestException:
        return False


@dataclass(frozen=True)
class Street:
    """The three shops, with their first release live, and the daemon that runs them."""

    daemon: DockerDaemon
    shops: dict[str, Shop]


@contextmanager
def street() -> Iterator[Street]:
    """Made, and removed at the end of the block, also on SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sample_war("1.0.0")
    with docker_daemon(*_BRIDGE, _TOMCAT) as daemon, installed(SUBNET, daemon.host) as site:
        shops = {
            mode: Shop(
                mode,
                site,
                site.add_app(
                    f"bench-{mode}",
                    replicas=2,
                    app='poll = "0"',
                    memory="512m",
                    jvm="",
                    release=RELEASE.format(mode=mode),
                ),
            )
            for mode in MODES
        }
        site.start()
        for shop in shops.values():
            shop.push("1.0.0")
        yield Street(daemon, shops)
