"""Our classes, compiled by the Tomcat image that they are for."""

from __future__ import annotations

from tests.integration.builders.conftest import TOMCAT, BuildSite


def test_tomcat_on_a_java_without_a_compiler_gets_our_classes_too(site: BuildSite) -> None:
    image, log = site.build(site.dockerfile(f"FROM {TOMCAT}\nRUN rm $JAVA_HOME/bin/javac\n"))
    assert "cannot compile" not in log
    with site.running(image) as (container, _):
        shown = site.client.exec_create(container, ["cat", "conf/server.xml"])["Id"]
        assert "hookserver.requests.AffinityValve" in site.client.exec_start(shown).decode()
