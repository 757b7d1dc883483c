"""The app's own Tomcat files in a running image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from hookserver.builders.job import BuildJob
from tests.integration.builders.conftest import BuildSite, war
from tests.integration.builders.test_assemble import WEB, ready
from tests.unit.builders.tomcat.test_check_xml import USERS
from tests.unit.builders.wars.test_facts import zipped

PAGE = """<%= Thread.currentThread().getContextClassLoader().getResource("driver.txt") != null %>
 <%= System.getProperty("own") %> <%= System.getProperty("hookserver.route") %>"""
MANAGER = '<Context docBase="${catalina.home}/webapps.dist/manager" privileged="true"/>'
FILES = {
    "conf/tomcat-users.xml": "deploy/tomcat-users.xml",
    "conf/Catalina/localhost/manager.xml": "deploy/manager.xml",
    "bin/setenv.sh": "deploy/setenv.sh",
}


def job(site: BuildSite, driver: Path, **settings: Any) -> BuildJob:
    files: dict[str, str | bytes] = {
        "shop.war": war({"WEB-INF/web.xml": WEB, "index.jsp": PAGE}),
        "deploy/tomcat-users.xml": USERS,
        "deploy/manager.xml": MANAGER,
        "deploy/setenv.sh": 'CATALINA_OPTS="$CATALINA_OPTS -Down=mine"\r\n',
    }
    return site.job(files, tomcat={"files": {**FILES, "lib/driver.jar": str(driver)}}, **settings)


def test_own_files_are_used_by_tomcat_and_other_content_makes_another_image(
    site: BuildSite, tmp_path: Path, eventually: Callable[..., object]
) -> None:
    driver = tmp_path / "driver.jar"
    driver.write_bytes(zipped({"driver.txt": b"1"}))
    first = job(site, driver, commit="f" * 40)
    image, log = site.build(first)
    assert "all visitors of this app can reach /manager through Nginx too" in log
    assert site.images.existing(first) == image
    with site.running(image, CATALINA_OPTS="-Dhookserver.route=blue1") as (_, address):
        ready(eventually, f"http://{address}:8080/")
        assert requests.get(f"http://{address}:8080/", timeout=30).text.split() == ["true", "mine", "blue1"]
        page = requests.get(f"http://{address}:8080/manager/html", auth=("ada", "x"), timeout=30)
        assert (page.status_code, "Tomcat Web Application Manager" in page.text) == (200, True)
    driver.write_bytes(zipped({"driver.txt": b"2"}))
    assert site.images.existing(first) is None
