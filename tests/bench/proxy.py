"""What does hookserver's Nginx text cost? ``tests/run.sh bench proxy``

Our text takes turns with a bare Nginx: the same page of the same two Tomcats, its access log on (Nginx's default, not
buffered as ours is), all on loopback. Three cases: a GET without a cookie, a GET with a session's cookie, a small POST.
The bar: 0.85 of the bare one's answers a second in each case.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import docker
import docker.errors
import requests

from hookserver.addresses import all_endpoints, endpoints
from hookserver.config import Settings, parse
from hookserver.models import Endpoint, Slot, TrafficState
from hookserver.nginx import Nginx
from hookserver.nginx.binary import locate
from hookserver.nginx.managed import processes
from tests.bench.installation import start
from tests.bench.outcome import outcome, report, run, table
from tests.shop.installation import free_port
from tests.shop.operators_nginx import end_instance
from tests.waiting import until

BAR = 0.85
STARTS = 6
"""Two equal instances differ by up to 5 % as long as they run, so each is started several times."""
ROUNDS = 10
"""Two turns of a round differ by about 11 % (standard deviation), so there are many: 60 ratios are good to 2 %."""
SECONDS = 1
WARM_UP_S = 1
CONNECTIONS = 64
"""With few, the Tomcats' threads sleep between two requests, and the ratio shows the cost of waking them."""
APP = "shop"
HOST = "shop.example.com"
SUBNET = "127.30.112.0/20"
"""On loopback, as is all else here: the two Tomcats have the host's network."""
IMAGE = "tomcat:10.1-jdk17-temurin"
PAGE = "<!doctype html><title>A page</title><p>Hello, visitor.</p>\n"
FOLDER = Path("/var/tmp/hookserver-bench-proxy")
_NAME = "hookserver-bench-proxy-"
_SERVER_XML = """
<Server port="-1"><Service name="Catalina">
  <Connector address="{host}" port="{port}" maxThreads="50" keepAliveTimeout="60000" maxKeepAliveRequests="-1"/>
  <Engine name="Catalina" defaultHost="localhost" jvmRoute="{route}">
    <Host name="localhost" appBase="webapps" autoDeploy="false"/>
  </Engine>
</Service></Server>
"""
_BARE = """
{user}
worker_processes auto;
worker_rlimit_nofile 16384;
pid nginx.pid;
error_log logs/error.log error;
events {{ worker_connections 4096; }}
http {{
    access_log logs/access.log combined;
    {temporary}
    keepalive_requests 10000;
    upstream replicas {{
        {servers}
        keepalive 64;
        keepalive_requests 10000;
        keepalive_timeout 4s;
    }}
    server {{
        listen {site};
        location / {{
            proxy_pass http://replicas;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
        }}
    }}
}}
"""
CASES = {
    "get": (),
    "session": ("-s", str(FOLDER / "session.lua")),
    "post": ("-s", str(FOLDER / "post.lua")),
}
_SESSION = """
local requests, sent = {}, 0
function init()
  for number = 1, 2 do
    wrk.headers["Cookie"] = "JSESSIONID=0AF9C3D2E1B04F5A6978C0D1E2F3A4B5.blue" .. number
    requests[number] = wrk.format()
  end
end
function request()
  sent = sent + 1
  return requests[sent % 2 + 1]
end
"""
"""Visitors of both replicas in turn: one Tomcat alone answers more requests a second than two."""
_POST = 'wrk.method = "POST"\nwrk.body = "id=espresso&quantity=1"\n'
_POST += 'wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"\n'


@dataclass
class Contender:
    """An Nginx with its address and its folder, and what was measured of it in each case, a figure a turn."""

    site: str
    folder: Path
    per_second: dict[str, list[float]] = field(default_factory=lambda: {case: [] for case in CASES})
    cpu_us: dict[str, list[float]] = field(default_factory=lambda: {case: [] for case in CASES})

    def turn(self, case: str) -> None:
        """Put load on it for some seconds."""
        before = self._cpu_seconds()
        requests, per_second = _load(self.site, case, SECONDS)
        self.per_second[case].append(per_second)
        self.cpu_us[case].append((self._cpu_seconds() - before) / requests * 1e6)

    def _cpu_seconds(self) -> float:
        """User and system time of its workers (proc(5), /proc/<pid>/stat), in ticks of 10 ms."""
        ticks = 0
        for pid in processes.find(self.folder).workers:
            after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(after_name[11]) + int(after_name[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def _load(site: str, case: str, seconds: int) -> tuple[int, float]:
    """Requests in all, and answers a second. Raises RuntimeError when one is not answered by the page."""
    command = [
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{seconds}s",
        "-H",
        f"Host: {HOST}",
        *CASES[case],
        f"http://{site}/",
    ]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 30).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"requests failed:\n{output}")
    requests, per_second = re.search(r"(\d+) requests in", output), re.search(r"Requests/sec: +([0-9.]+)", output)
    if requests is None or per_second is None:
        raise RuntimeError(f"wrk gave no figures:\n{output}")
    return int(requests[1]), float(per_second[1])


def bench() -> int:
    """Run it; the exit code."""
    FOLDER.mkdir(exist_ok=True)
    FOLDER.chmod(0o755)
    with ExitStack() as stack:
        fcntl.flock(stack.enter_context((FOLDER / "lock").open("w")), fcntl.LOCK_EX)
        _remove_everything()
        stack.callback(_remove_everything)
        (FOLDER / "post.lua").write_text(_POST)
        (FOLDER / "session.lua").write_text(_SESSION)
        settings = _settings()
        replicas = endpoints(settings.docker, APP, 1, Slot.BLUE, settings.apps[APP].replicas)
        for replica in replicas:
            _start_tomcat(replica)
        for replica in replicas:
            until(partial(_answers, f"http://{replica.host}:{replica.port}/"), 60, replica.route)
        report(f"{STARTS} times {ROUNDS} turns of {SECONDS} s, {CONNECTIONS} connections, {os.cpu_count()} processors")
        pairs: list[tuple[Contender, Contender]] = []
        for number in range(STARTS):
            with _bare(replicas) as bare, _ours(settings) as ours:
                pairs.append((bare, ours))
                _take_turns(bare, ours)
            report(f"{number + 1} of {STARTS}")
    return _outcome(*(_together(instances) for instances in zip(*pairs, strict=True)))


def _take_turns(bare: Contender, ours: Contender) -> None:
    for case in CASES:
        for contender in (bare, ours):
            _load(contender.site, case, WARM_UP_S)
        for number in range(ROUNDS):
            for contender in (bare, ours) if number % 2 else (ours, bare):
                contender.turn(case)


def _together(instances: Sequence[Contender]) -> Contender:
    """One contender with the figures of all its instances."""
    first, *others = instances
    for case in CASES:
        for other in others:
            first.per_second[case] += other.per_second[case]
            first.cpu_us[case] += other.cpu_us[case]
    return first


def _outcome(bare: Contender, ours: Contender) -> int:
    ratios = {case: _ratio(ours.per_second[case], bare.per_second[case]) for case in CASES}
    rows: list[list[str]] = []
    figures: dict[str, float] = {}
    for case in CASES:
        per_second = [statistics.median(one.per_second[case]) for one in (bare, ours)]
        cpu = [statistics.median(one.cpu_us[case]) for one in (bare, ours)]
        rows.append(
            [case, *(f"{one:.0f}" for one in per_second), f"{ratios[case]:.2f}", *(f"{one:.1f}" for one in cpu)]
        )
        figures |= {
            f"{case}_ratio": round(ratios[case], 3),
            f"{case}_bare_per_s": round(per_second[0]),
            f"{case}_ours_per_s": round(per_second[1]),
            f"{case}_bare_cpu_us": round(cpu[0], 1),
            f"{case}_ours_cpu_us": round(cpu[1], 1),
        }
    report()
    report(table(["median", "bare/s", "ours/s", "ratio", "bare CPU µs", "ours CPU µs"], rows))
    bars = {
        f"{case}: {ratio:.2f} of a bare Nginx's answers/s, at least {BAR}": ratio >= BAR
        for case, ratio in ratios.items()
    }
    return outcome("proxy", figures, bars)


def _ratio(ours: Sequence[float], bare: Sequence[float]) -> float:
    """The median over the rounds: what else the machine does meets both turns of a round."""
    return statistics.median(one / other for one, other in zip(ours, bare, strict=True))


def _settings() -> Settings:
    text = f"""
        [server]
        state_dir = "{FOLDER}/state"
        [nginx]
        listen = ["127.0.0.1:{free_port()}"]
        [docker]
        subnet = "{SUBNET}"
        [apps.{APP}]
        repository = "push"
        domains = ["{HOST}"]
        """
    return parse(text, FOLDER / "hookserver.toml").settings


@contextmanager
def _ours(settings: Settings) -> Iterator[Contender]:
    nginx = Nginx(settings)
    try:
        nginx.apply(settings, all_endpoints(settings, {APP: 1}))
        nginx.set(APP, TrafficState(Slot.BLUE))
        yield Contender(settings.nginx.listen[0], settings.server.state.nginx)
    finally:
        nginx.stop()


@contextmanager
def _bare(replicas: Sequence[Endpoint]) -> Iterator[Contender]:
    folder = FOLDER / "bare"
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    site = f"127.0.0.1:{free_port()}"
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    (folder / "nginx.conf").write_text(
        _BARE.format(
            user="user www-data;" if os.geteuid() == 0 else "",
            temporary=" ".join(f"{kind}_temp_path {kind};" for kind in kinds),
            servers=" ".join(f"server {replica.host}:{replica.port} max_fails=0;" for replica in replicas),
            site=site,
        )
    )
    with (FOLDER / "bare.log").open("w") as log:
        command = [locate("nginx"), "-p", f"{folder}/", "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
        process = start(command, log)
        try:
            until((folder / "nginx.pid").exists, 10, f"Nginx; see {FOLDER}/bare.log")
            yield Contender(site, folder)
        finally:
            process.terminate()
            process.wait(20)


def _start_tomcat(replica: Endpoint) -> None:
    """One that answers with the page, in a container with the host's network."""
    files = FOLDER / replica.route
    files.mkdir()
    (files / "index.html").write_text(PAGE)
    server = _SERVER_XML.format(host=replica.host, port=replica.port, route=replica.route)
    (files / "server.xml").write_text(server)
    docker.from_env().containers.run(
        IMAGE,
        detach=True,
        name=_NAME + replica.route,
        network_mode="host",
        environment={"CATALINA_OPTS": "-Xmx128m -XX:+UseSerialGC"},
        volumes=[
            f"{files}/server.xml:/usr/local/tomcat/conf/server.xml:ro",
            f"{files}/index.html:/usr/local/tomcat/webapps/ROOT/index.html:ro",
        ],
    )


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).text == PAGE
    except requests.RequestException:
        return False


def _remove_everything() -> None:
    """What this run, or one before it that was killed, has left."""
    for container in docker.from_env().containers.list(all=True, filters={"name": _NAME}):
        container.remove(force=True, v=True)
    for instance in (FOLDER / "bare", FOLDER / "state/nginx"):
        end_instance(instance)
    for left in FOLDER.iterdir():
        if left.is_dir():
            shutil.rmtree(left)


if __name__ == "__main__":
    run(bench)
