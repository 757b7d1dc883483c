"""A WAR for ``javax.servlet`` on a Tomcat of ``jakarta.servlet``, converted in the build."""

from __future__ import annotations

from collections.abc import Callable

import requests

from tests.integration.builders.conftest import CA_BUNDLE, BuildSite, war
from tests.integration.builders.test_assemble import ready
from tests.unit.builders.wars.test_facts import zipped

BUILD = {"ca_bundle": str(CA_BUNDLE)} if CA_BUNDLE.exists() else {}
PAGE = '<%@ page import="javax.servlet.http.HttpServletRequest" %>{} <%= ((HttpServletRequest) request).getMethod() %>'


def test_converted_war_serves_and_its_libraries_stay_one_layer(
    site: BuildSite, eventually: Callable[..., object]
) -> None:
    library = zipped({"META-INF/note.properties": b"api = javax.servlet.http.HttpServlet", "a": bytes(5000)})
    images = []
    for version in ("one", "two"):
        files: dict[str, str | bytes] = {"WEB-INF/lib/a.jar": library, "index.jsp": PAGE.format(version)}
        job = site.job({"shop.war": war(files)}, build=BUILD, tomcat={"migrate": True})
        image, log = site.build(job)
        images.append(image)
        assert "converting the WAR to jakarta.servlet" in log
    assert "its layer is used again" in log
    with site.running(images[-1]) as (_, address):
        ready(eventually, f"http://{address}:8080/")
        answer = requests.get(f"http://{address}:8080/", timeout=30)
        assert (answer.status_code, answer.text.strip()) == (200, "two GET")
    assert site.containers() == []
