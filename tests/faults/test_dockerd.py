"""The Docker daemon is killed: one of the test's own, beside the machine's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.shop import assert_invariants, installed
from tests.shop.invariants import assert_no_loss
from tests.waiting import until

APP = "it-daemon"
BRIDGE, BRIDGE_ADDRESS = "hs-test0", "172.30.181.1/24"
TOMCAT = "tomcat:10.1-jdk17-temurin"


@dataclass
class Daemon:
    """A dockerd with everything below ``folder``; it makes no rules for packets.

    It has a default bridge of its own: one that is set to have none removes ``docker0``, the machine's.
    """

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        return f"unix://{self.folder}/docker.sock"

    def start(self, *flags: str) -> None:
        places = {"data-root": "data", "exec-root": "run", "pidfile": "docker.pid"}
        options = [f"--{option}={self.folder / place}" for option, place in places.items()]
        options += [f"--host={self.host}", f"--bridge={BRIDGE}", "--iptables=false", "--ip-masq=false", *flags]
        with (self.folder / "dockerd.log").open("ab") as log:
            self.process = subprocess.Popen(["dockerd", *options], stdout=log, stderr=log, start_new_session=True)
        until(self.answers, 60, "the daemon")

    def kill(self) -> None:
        """kill -9 of the daemon alone, as when it crashes."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        # Both numbers may have gone to other processes: then the next start would take its containerd for running.
        for stale in ("docker.pid", "run/containerd/containerd.pid"):
            (self.folder / stale).unlink(missing_ok=True)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def answers(self) -> bool:
        return (
            subprocess.run(["docker", "--host", self.host, "version"], capture_output=True, check=False).returncode == 0
        )


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    made = Daemon(Path(tempfile.mkdtemp(prefix="hs-dockerd-", dir="/var/tmp")))
    subprocess.run(["ip", "link", "add", BRIDGE, "type", "bridge"], capture_output=True, check=False)
    subprocess.run(["ip", "addr", "replace", BRIDGE_ADDRESS, "dev", BRIDGE], check=True)
    subprocess.run(["ip", "link", "set", BRIDGE, "up"], check=True)
    try:
        made.start()
        with subprocess.Popen(["docker", "save", TOMCAT], stdout=subprocess.PIPE) as saving:
            subprocess.run(["docker", "--host", made.host, "load", "--quiet"], stdin=saving.stdout, check=True)
        yield made
    finally:
        made.stop()
        subprocess.run(["umount", made.folder / "data"], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(made.folder)
        subprocess.run(["ip", "link", "delete", BRIDGE], check=False)


def test_shop_survives_a_killed_docker_daemon(daemon: Daemon) -> None:
    """Without live-restore it comes back by itself; with live-restore, as the installation sets it, nobody notices."""
    with installed("172.30.180.0/24", daemon.host) as site:
        project = site.add_app(APP, replicas=2)
        site.start()
        project.release("one")
        site.ended(project.push().deploy)
        with site.visitors(APP) as visitors:
            daemon.kill()
            visitors.wait_for(50)
        assert_no_loss(visitors)
        began = time.monotonic()
        daemon.start()
        until(lambda: site.visit(APP).status == 200, 90, "the shop")
        print(f"the shop is back {time.monotonic() - began:.1f} s after the daemon's start was asked for")
        assert_invariants(site, APP, project.tip())

        daemon.stop()
        daemon.start("--live-restore")
        until(lambda: site.visit(APP).status == 200, 90, "the shop")
        assert_invariants(site, APP, project.tip())
        with site.visitors(APP) as visitors:
            daemon.kill()
            visitors.wait_for(50)
            daemon.start("--live-restore")
            visitors.wait_for(50)
        assert_invariants(site, APP, project.tip(), visitors)

        with site.visitors(APP) as visitors:
            project.release("two")
            before = site.latest(APP)
            pushing = project.push_in_background()
            number = until(lambda: site.latest(APP) if site.latest(APP) > before else 0)
            site.reached(number, "check")
            daemon.kill()
            daemon.start("--live-restore")
            project.finish(pushing)
            site.ended(number)
            if site.visit(APP).text != "two":
                site.ended(site.ask("POST", f"/api/v1/apps/{APP}/deploys?wait=1", {}).json["deploy"])
        assert_invariants(site, APP, project.tip(), visitors)
