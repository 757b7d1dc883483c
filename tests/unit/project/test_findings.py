"""The findings about a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project.findings import Build, Dependency, Hit, Hits, Project


@pytest.mark.parametrize(("scope", "is_shipped"), [("", True), ("compile", True), ("test", False), ("provided", False)])
def test_dependency_is_shipped_unless_its_scope_excludes_it(scope: str, is_shipped: bool) -> None:
    assert Dependency("a", "b", "1", "pom.xml", scope).is_shipped is is_shipped


def test_dependency_without_a_version_is_shown_by_its_name() -> None:
    assert [str(Dependency("a", "b", version, "pom.xml")) for version in ("1.2", "")] == ["b 1.2", "b"]


def test_hits_show_the_first_file_and_the_number_of_others() -> None:
    hit = (Hit("A.java", "x"),)
    assert [str(Hits(hit, files)) for files in (1, 3)] == ["A.java", "A.java and 2 more"]
    assert not Hits()


def test_first_build_is_proposed() -> None:
    builds = (Build("maven", ""), Build("ant", ""))
    assert Project(Path(), builds).build is builds[0]
    assert Project(Path()).build is None
