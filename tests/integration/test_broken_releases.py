"""A broken release of each sort gets no traffic; the live one stays; log, API and terminal have the cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.conftest import Place
from tests.shop import Installation, ShopProject, assert_invariants, wars

_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>shop</groupId><artifactId>shop</artifactId><version>1</version><packaging>war</packaging>
  <properties><maven.compiler.release>17</maven.compiler.release></properties>
</project>
"""
_JAVA = "package shop;\nclass Price {\n    int cents = euros * 100;\n}\n"

SORTS: dict[str, tuple[Callable[[ShopProject], Any], list[str]]] = {
    "a WAR that is none": (lambda project: project.commit({"app.war": "<html>not found</html>"}), ["app.war"]),
    "a container that exits": (
        lambda project: project.release("bad", start=wars.EXITS),
        ["exit code 3", "FATAL no licence found"],
    ),
    "a context that does not start": (
        lambda project: project.release("bad", start=wars.FAILS_TO_START),
        ["answered 404", "no database at db:5432"],
    ),
    "a health page that fails": (
        lambda project: project.release("bad", health=wars.ANSWERS_500),
        ["answered 500", "no connection to the database"],
    ),
    "a health page that is slow": (
        lambda project: project.release("bad", health=wars.ANSWERS_LATE),
        ["gave no whole answer within 1 s", "Server startup in"],
    ),
    "healthy, then dead": (
        lambda project: project.release("bad", health=wars.ANSWERS_THEN_DIES),
        ["exit code 5", "FATAL the cache is corrupt"],
    ),
    "out of memory": (
        lambda project: project.release("bad", start=wars.TAKES_ALL_MEMORY),
        ["needed more memory than its limit"],
    ),
}


@pytest.fixture(scope="module")
def good(place: Place) -> str:
    """The commit of the good release that serves."""
    commit = place.broken.release("good")
    place.site.ended(place.broken.push().deploy)
    return commit


@pytest.mark.parametrize("sort", SORTS)
def test_broken_release_gets_no_traffic_and_the_push_shows_the_reason(place: Place, good: str, sort: str) -> None:
    commit, causes = SORTS[sort]
    commit(place.broken)
    assert_refused(place.site, place.broken, good, causes)


def test_compiler_error_stops_the_deploy_and_is_shown_by_the_push(place: Place) -> None:
    good = place.maven.release("good")
    place.site.ended(place.maven.push().deploy)
    place.maven.commit({"pom.xml": _POM, "src/main/java/shop/Price.java": _JAVA})
    assert_refused(place.site, place.maven, good, ["Price.java:[3,17]", "cannot find symbol"])


@pytest.mark.parametrize("old_slot", ["is held", "has drained"])
def test_release_that_dies_soon_after_its_switch_is_rolled_back_without_visitors(place: Place, old_slot: str) -> None:
    site, project = place.site, {"is held": place.broken, "has drained": place.moved}[old_slot]
    good = project.release("good")
    site.ended(project.push().deploy)
    project.release("bad", health=wars.DIES_WHEN_IT_SERVES)
    number = project.push().deploy
    deploy = site.ended(number)
    assert deploy["status"] == "rolled_back"
    assert deploy["live_at"], "it did serve"
    for cause in ("rolled back to deploy", "FATAL the licence is for one hour"):
        assert cause in site.log(number)
    assert "FATAL the licence is for one hour" in deploy["reason"]
    assert site.visit(project.app).text == "good"
    assert_invariants(site, project.app, good)


def assert_refused(site: Installation, project: ShopProject, good: str, causes: list[str]) -> None:
    """Push, under visitors: they see the good release alone, and the causes are in the log, the API, the terminal."""
    with site.visitors(project.app) as visitors:
        pushed = project.push()
        deploy = site.ended(pushed.deploy)
    assert deploy["status"] == "failed"
    for cause in causes:
        assert cause in deploy["reason"]
        assert cause in site.log(pushed.deploy)
        assert cause in pushed.output
    assert "deploy failed: " in pushed.output
    assert visitors.versions == {"good"}
    mine = [
        one.name for one in site.containers(app=project.app) if int(one.labels["hookserver.deploy"]) == deploy["deploy"]
    ]
    assert mine == []
    assert_invariants(site, project.app, good, visitors)
