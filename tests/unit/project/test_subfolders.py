"""Projects in subfolders of a repository."""

from __future__ import annotations

from pathlib import Path

from hookserver.config import parse
from hookserver.project import default_answers, inspect_project, open_points, render_settings
from tests.unit.project.trees import ANT, GRADLE_KOTLIN, MULTI_MODULE, plant, pom


def inside(folder: str, tree: dict[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in tree.items()}


def test_project_in_a_subfolder_is_built_from_the_top(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, {"README.md": "", **inside("backend/shop", {"pom.xml": pom("")})}))
    text = render_settings(project, default_answers(project))
    build = parse(text, tmp_path / "hookserver.toml").settings.apps["shop"].build
    assert build.kind == "maven"
    assert build.command == ("mvn", "-ntp", "-B", "-DskipTests", "-f", "backend/shop", "package")
    assert "# The WAR: backend/shop/target/*.war" in text
    assert "the project is in backend/shop/" in " ".join(open_points(project, default_answers(project)))


def test_wrapper_is_used_in_its_subfolder(tmp_path: Path) -> None:
    assert inspect_project(plant(tmp_path / "m", inside("shop", MULTI_MODULE))).builds[0].command == (
        "sh",
        "-c",
        "cd shop && unset MAVEN_CONFIG && exec sh ./mvnw -B -DskipTests package",
    )
    assert "./gradlew" in inspect_project(plant(tmp_path / "g", inside("shop", GRADLE_KOTLIN))).builds[0].command[-1]
    assert inspect_project(plant(tmp_path / "a", inside("shop", ANT))).builds[0].command[-1] == "shop/build.xml"


def test_project_with_a_war_is_proposed_and_others_are_reported(tmp_path: Path) -> None:
    files = {**inside("api", {"pom.xml": pom("", "api", "jar")}), **inside("shop", {"pom.xml": pom("")})}
    project = inspect_project(plant(tmp_path, files))
    assert project.builds[0].description == "shop/: pom.xml, packaging war"
    assert "also build files in api" in " ".join(project.notes)


def test_aggregator_builds_the_modules_beside_it(tmp_path: Path) -> None:
    modules = "<modules><module>../core</module><module>../web</module></modules>"
    files = {
        "core/pom.xml": pom("", "core", "jar"),
        "parent/pom.xml": pom(modules, "parent", "pom"),
        "web/pom.xml": pom("", "web"),
    }
    build = inspect_project(plant(tmp_path, files)).builds[0]
    assert (build.wars[0].value, build.command[-3:]) == ("web/target/*.war", ("-f", "parent", "package"))


def test_project_at_the_top_hides_those_in_subfolders(tmp_path: Path) -> None:
    assert inspect_project(plant(tmp_path, {**MULTI_MODULE, "tools/pom.xml": pom("")})).builds[0].command == ()


def test_folder_inside_a_repository_is_reported_with_the_top(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    project = inspect_project(plant(tmp_path / "shop", {"pom.xml": pom("")}))
    assert f"`hookserver init {tmp_path}`" in " ".join(open_points(project, default_answers(project)))
