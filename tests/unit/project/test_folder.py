"""Limits: hostile and huge folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project import folder as bounded
from hookserver.project import inspect_project
from hookserver.project.folder import Folder, join
from tests.unit.project.trees import plant, pom, servlet

BOMB = '<!DOCTYPE project [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><project><artifactId>&b;</artifactId></project>'


@pytest.mark.parametrize("name", ["pom.xml", "build.xml", "src/main/webapp/WEB-INF/web.xml"])
def test_xml_with_entities_is_refused_and_reported(tmp_path: Path, name: str) -> None:
    project = inspect_project(plant(tmp_path, {"pom.xml": pom(""), name: BOMB}))
    assert any(note.startswith(f"{name} is refused: it declares XML entities") for note in project.notes)
    assert project.builds


def test_broken_xml_is_reported(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, {"pom.xml": "<project>"}))
    assert "pom.xml is not valid XML" in project.notes[0]
    assert [build.kind for build in project.builds] == ["maven"]


def test_symbolic_links_are_not_followed(tmp_path: Path) -> None:
    outside = plant(tmp_path / "outside", {"pom.xml": pom(""), "Secret.java": servlet("javax")})
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "pom.xml").symlink_to(outside / "pom.xml")
    (inside / "src").symlink_to(outside)
    (inside / "shop.war").symlink_to(outside / "pom.xml")
    (inside / "loop").symlink_to(inside)
    project = inspect_project(inside)
    assert (project.builds, project.api) == ((), ())


def test_reading_of_a_huge_folder_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MAX_FILES", 500)
    monkeypatch.setattr(bounded, "MAX_FILES_READ", 50)
    plant(tmp_path, {"pom.xml": pom("")})
    plant(tmp_path, {f"src/main/java/p{n % 5}/C{n}.java": servlet("javax", f"C{n}") for n in range(600)})
    project = inspect_project(tmp_path)
    assert project.builds
    assert [note.partition(":")[0] for note in project.notes] == ["this is a large folder"] * 2


def test_build_tools_are_not_part_of_the_program(tmp_path: Path) -> None:
    tool = 'class Loader { void x() { System.getenv("MVNW_USERNAME"); new FileOutputStream("x"); } }'
    project = inspect_project(
        plant(
            tmp_path,
            {
                "pom.xml": pom(""),
                ".mvn/wrapper/MavenWrapperDownloader.java": tool,
                "buildSrc/src/main/java/Tool.java": tool,
            },
        )
    )
    assert not project.variables
    assert not project.cautions


def test_war_in_an_output_folder_is_found(tmp_path: Path) -> None:
    folder = Folder(
        plant(tmp_path, {"target/shop.war": "", "target/classes/a.war": "", "dist/b.war": "", "x/c.war": ""})
    )
    assert folder.prebuilt_wars() == ["dist/b.war", "target/shop.war"]
    assert "target/shop.war" not in folder


@pytest.mark.parametrize(
    ("folder", "name", "path"),
    [("", "a", "a"), ("a/b", "../c", "a/c"), ("a", "./b/../c", "a/c"), ("a", "../../b", ""), ("", "..", "")],
)
def test_joined_path_stays_in_the_project(folder: str, name: str, path: str) -> None:
    assert join(folder, name) == path
