"""Gradle builds: their Java level, WAR, libraries and wrapper."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project import Project, inspect_project
from tests.unit.project.trees import GRADLE_KOTLIN, plant, wrapped

WAR = "apply plugin: 'war'\n"


def wars(project: Project) -> list[str]:
    return [war.value for war in project.builds[0].wars]


def apis(project: Project) -> set[str]:
    return {found.value for found in project.api}


def test_gradle_build_is_read_without_its_comments(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, GRADLE_KOTLIN))
    build = project.builds[0]
    assert (build.kind, build.wrapper, build.modules) == ("gradle", "./gradlew", ("core", "web"))
    assert [war.value for war in build.wars] == ["web/build/libs/*.war"]
    assert "as text" in build.wars[0].where
    assert build.name is not None
    assert build.name.value == "Corner Shop"
    assert build.builder_java is not None
    assert build.builder_java.value == "21"
    assert {found.value for found in project.api} == {"jakarta"}
    assert project.embedded == ""


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("sourceCompatibility = 1.8", "8"),
        ("sourceCompatibility = '11'", "11"),
        ("java { sourceCompatibility = JavaVersion.VERSION_17 }", "17"),
        ("java { targetCompatibility = JavaVersion.VERSION_1_8 }", "8"),
        ("tasks.withType(JavaCompile) { options.release = 21 }", "21"),
        ("kotlin { jvmToolchain(17) }", "17"),
    ],
)
def test_java_level_is_read_in_each_notation(tmp_path: Path, line: str, level: str) -> None:
    build = inspect_project(plant(tmp_path, {"build.gradle": f"apply plugin: 'war'\n{line}\n"})).builds[0]
    assert [found.value for found in build.java] == [level]
    assert len(build.wars) == 1


def test_war_name_with_a_version_becomes_a_glob(tmp_path: Path) -> None:
    for name, war in (("shop.war", "shop.war"), ("shop-${version}.war", "*.war")):
        text = f'version = "1.0"\n{WAR}war {{ archiveFileName = "{name}" }}'
        assert wars(inspect_project(plant(tmp_path / war[0], {"build.gradle": text}))) == [f"build/libs/{war}"]


def test_build_file_of_own_plugins_names_the_spring_boot_version(tmp_path: Path) -> None:
    files = {
        "build.gradle": "plugins { id 'war'; id 'org.springframework.boot' }",
        "buildSrc/build.gradle": "dependencies {\n"
        "  implementation 'org.springframework.boot:spring-boot-gradle-plugin:2.7.5'\n}",
    }
    project = inspect_project(plant(tmp_path, files))
    assert apis(project) == {"javax"}
    assert not any(library.is_shipped for library in project.builds[0].dependencies)


def test_incomplete_wrapper_still_names_the_gradle_version(tmp_path: Path) -> None:
    left = {name: text for name, text in wrapped("7.6").items() if name.endswith(".properties")}
    build = inspect_project(plant(tmp_path, {"build.gradle": "plugins { id 'war' }\n", **left})).builds[0]
    assert build.builder_tool is not None
    assert (build.builder_tool.value, build.wrapper) == ("7.6", "")
