"""WARs and Tomcats that do not go together, on the real images."""

from __future__ import annotations

import pytest

from hookserver.builders.image_records import ImageRecords
from hookserver.builders.job import BuildJob
from hookserver.errors import BuildError
from hookserver.state.state_dir import StateDir
from tests.integration.builders.conftest import TOMCAT, BuildSite, war
from tests.unit.builders.wars.test_facts import class_file, zipped

SERVLET = "javax/servlet/http/HttpServlet"


def job(site: BuildSite, own: bytes, library: bytes = b"PK", page: str = "") -> BuildJob:
    files: dict[str, str | bytes] = {"WEB-INF/classes/shop/Cart.class": own, "WEB-INF/lib/web.jar": library}
    return site.job({"shop.war": war({**files, "index.html": page})})


def test_war_for_javax_is_refused_on_tomcat_10(site: BuildSite) -> None:
    with pytest.raises(BuildError, match=rf"javax\.servlet \(seen in shop/Cart\.class\), and the Tomcat of {TOMCAT}"):
        site.build(job(site, class_file(SERVLET)))
    assert site.containers() == []


def test_war_for_a_newer_java_is_refused_with_both_versions(site: BuildSite) -> None:
    with pytest.raises(BuildError, match=rf"needs Java 21 \(seen in shop/Cart\.class\), and {TOMCAT} has Java 17"):
        site.build(job(site, class_file(java=21)))


def test_facts_of_the_libraries_are_stored_with_their_layer(site: BuildSite) -> None:
    library = zipped({"web/Filter.class": class_file(SERVLET.replace("javax", "jakarta"), java=11)})
    image, _ = site.build(job(site, class_file(), library))
    records = ImageRecords(StateDir(site.root).images).made(site.app)
    (facts,) = [record.facts for record in records if record.image == site.inspect(image)["Parent"]]
    assert facts is not None
    assert facts.items() >= {"servlet": "jakarta", "servlet_source": "web.jar: web/Filter.class", "java": 11}.items()
    _, log = site.build(job(site, class_file(), library, "new"))
    assert "its layer is used again" in log
    with pytest.raises(BuildError, match=r"javax\.servlet \(seen in shop/Cart\.class\)"):
        site.build(job(site, class_file(SERVLET), library))
