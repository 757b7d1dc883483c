"""Projects with a Dockerfile become an image with our settings."""

from __future__ import annotations

from tests.integration.builders.conftest import TOMCAT, BuildSite

DOCKERFILE = f"FROM {TOMCAT}\nCOPY pages/ /usr/local/tomcat/webapps/ROOT/\n"
PAGES = {"pages/index.html": "shop", "pages/secret.txt": "x", ".dockerignore": "# ours\npages/secret.txt\n"}


def test_tomcat_of_a_dockerfile_gets_our_settings_and_dockerignore_applies(site: BuildSite) -> None:
    image, log = site.build(site.job({"Dockerfile": DOCKERFILE, **PAGES}, build={"kind": "dockerfile"}))
    assert "COPY pages/" in log
    labels = site.inspect(image)["Config"]["Labels"]
    assert labels["hookserver.role"] == "image"
    with site.running(image) as (container, _):
        shown = site.client.exec_create(container, ["sh", "-c", "ls webapps/ROOT; cat conf/server.xml"])["Id"]
        output = site.client.exec_start(shown).decode()
    assert output.startswith("index.html\n<?xml")
    assert 'jvmRoute="${hookserver.route}"' in output
