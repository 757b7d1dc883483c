"""An assembled image, when it runs and when it is made again."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from hookserver.builders.job import BuildJob
from tests.integration.builders.conftest import TOMCAT, BuildSite, war

PAGE = """<%@ page session="true" %><%
  String wait = request.getParameter("wait");
  if (wait != null) { System.out.println("waiting"); Thread.sleep(Long.parseLong(wait)); }
%>version=1 remote=<%= request.getRemoteAddr() %> scheme=<%= request.getScheme() %>
 port=<%= request.getServerPort() %> session=<%= session.getId() %>
"""
WEB = '<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0"/>'
BROKEN = WEB.replace("/>", "><listener><listener-class>shop.NoSuchListener</listener-class></listener></web-app>")


def job(site: BuildSite, page: str = PAGE, web: str = WEB, library: bytes = b"PK", **settings: Any) -> BuildJob:
    packed = war({"WEB-INF/web.xml": web, "WEB-INF/lib/a.jar.txt": library, "index.jsp": page})
    return site.job({"shop.war": packed}, **settings)


@pytest.fixture(scope="module")
def shop(site: BuildSite) -> str:
    return site.build(job(site))[0]


def ready(eventually: Callable[..., object], url: str) -> None:
    def answers() -> bool:
        try:
            return requests.get(url, timeout=30).status_code > 0
        except requests.ConnectionError:
            return False

    eventually(answers, deadline=60)


def test_image_serves_and_names_the_replica_in_the_session(
    site: BuildSite, shop: str, eventually: Callable[..., object]
) -> None:
    with site.running(shop, CATALINA_OPTS="-Dhookserver.route=blue1") as (container, address):
        ready(eventually, f"http://{address}:8080/")
        answer = requests.get(f"http://{address}:8080/", timeout=30)
        assert "version=1" in answer.text
        assert answer.cookies["JSESSIONID"].endswith(".blue1")
        listed = site.client.exec_create(container, ["ls", "logs"])["Id"]
        assert site.client.exec_start(listed) == b""


def test_app_sees_the_address_scheme_and_port_that_nginx_forwards(
    site: BuildSite, shop: str, eventually: Callable[..., object]
) -> None:
    with site.running(shop) as (_, address):
        ready(eventually, f"http://{address}:8080/")
        forwarded = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
        text = requests.get(f"http://{address}:8080/", headers=forwarded, timeout=30).text
        assert "remote=203.0.113.7 scheme=https\n port=443" in text
        forwarded = {"X-Forwarded-For": "10.0.0.5", "X-Forwarded-Proto": "http", "X-Forwarded-Port": "8088"}
        text = requests.get(f"http://{address}:8080/", headers=forwarded, timeout=30).text
        assert "remote=10.0.0.5 scheme=http\n port=8088" in text


def test_sessions_work_without_a_route(site: BuildSite, shop: str, eventually: Callable[..., object]) -> None:
    with site.running(shop) as (_, address), requests.Session() as visitor:
        ready(eventually, f"http://{address}:8080/")
        first = re.findall(r"session=(\S+)", visitor.get(f"http://{address}:8080/", timeout=30).text)
        again = re.findall(r"session=(\S+)", visitor.get(f"http://{address}:8080/", timeout=30).text)
        assert first == again != []


def test_slow_request_is_answered_after_the_stop_began(
    site: BuildSite, shop: str, eventually: Callable[..., object]
) -> None:
    with site.running(shop) as (container, address):
        ready(eventually, f"http://{address}:8080/")
        answers: list[str] = []
        thread = threading.Thread(
            target=lambda: answers.append(requests.get(f"http://{address}:8080/?wait=4000", timeout=20).text)
        )
        thread.start()
        eventually(lambda: b"waiting" in site.client.logs(container))
        began = time.monotonic()
        site.client.stop(container, timeout=30)
        thread.join()
        assert "version=1" in answers[0]
        assert time.monotonic() - began < 15
        assert site.client.inspect_container(container)["State"]["ExitCode"] == 143


def test_container_output_has_the_cause_of_a_failed_listener(
    site: BuildSite, eventually: Callable[..., object]
) -> None:
    image, _ = site.build(job(site, web=BROKEN))
    with site.running(image) as (container, address):
        ready(eventually, f"http://{address}:8080/")
        assert requests.get(f"http://{address}:8080/", timeout=30).status_code == 404
        output = site.client.logs(container).decode()
        assert "java.lang.ClassNotFoundException: shop.NoSuchListener" in output


def test_push_without_changed_libraries_adds_one_layer(site: BuildSite) -> None:
    library = bytes(1000)
    first, _ = site.build(job(site, library=library))
    began = time.monotonic()
    second, log = site.build(job(site, page="version=2", library=library))
    took = time.monotonic() - began
    layers = [site.inspect(image)["RootFS"]["Layers"] for image in (first, second)]
    assert layers[0][:-1] == layers[1][:-1]
    assert layers[0][-1] != layers[1][-1]
    assert "its layer is used again" in log
    assert took < 2.0
    third, log = site.build(job(site, page="version=2", library=b"another"))
    assert "used again" not in log
    assert site.inspect(third)["RootFS"]["Layers"][:-1] != layers[0][:-1]


def test_app_is_served_below_its_context_path(site: BuildSite, eventually: Callable[..., object]) -> None:
    image, _ = site.build(job(site, path="/eu/shop"))
    with site.running(image) as (_, address):
        ready(eventually, f"http://{address}:8080/eu/shop/")
        assert "version=1" in requests.get(f"http://{address}:8080/eu/shop/", timeout=30).text


def test_default_webapps_of_a_tomcat_are_removed(site: BuildSite, eventually: Callable[..., object]) -> None:
    labels = {"hookserver.state_dir": str(site.root), "hookserver.role": "base"}
    made = site.client.create_container(TOMCAT, ["sh", "-c", "cp -r webapps.dist/* webapps"], labels=labels)["Id"]
    site.client.start(made)
    site.client.wait(made)
    site.client.commit(made, f"hookserver-test/{site.app}", "full", conf={"Cmd": ["catalina.sh", "run"]})
    site.client.remove_container(made)
    image, log = site.build(job(site, tomcat={"image": f"hookserver-test/{site.app}:full"}))
    assert "webapps ROOT, docs, examples, host-manager, manager" in log
    with site.running(image) as (container, address):
        ready(eventually, f"http://{address}:8080/")
        assert "version=1" in requests.get(f"http://{address}:8080/", timeout=30).text
        assert requests.get(f"http://{address}:8080/manager/html", timeout=30).status_code == 404
        listed = site.client.exec_create(container, ["ls", "webapps"])["Id"]
        assert site.client.exec_start(listed) == b"ROOT\n"
