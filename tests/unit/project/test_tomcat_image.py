"""The images of Tomcat and of the build tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project import default_answers, inspect_project, open_points, render_settings
from tests.unit.project.proposals import proposed_settings, unwrapped
from tests.unit.project.trees import JAVA, dependency, plant, pom, wrapped


@pytest.mark.parametrize(
    ("api", "version", "java", "tomcat"),
    [
        ("javax", "4.0.1", "8", "tomcat:9.0-jdk8-temurin"),
        ("javax", "3.1.0", "11", "tomcat:9.0-jdk11-temurin"),
        ("javax", "4.0.1", "14", "tomcat:9.0-jdk17-temurin"),
        ("jakarta", "5.0.0", "8", "tomcat:10.1-jdk11-temurin"),
        ("jakarta", "6.0.0", "17", "tomcat:10.1-jdk17-temurin"),
        ("jakarta", "6.1.0", "11", "tomcat:11.0-jdk17-temurin"),
        ("jakarta", "6.1.0", "21", "tomcat:11.0-jdk21-temurin"),
    ],
)
def test_tomcat_image_has_the_servlet_api_and_the_java_level(
    tmp_path: Path, api: str, version: str, java: str, tomcat: str
) -> None:
    library = dependency(f"{api}.servlet", f"{api}.servlet-api", version, "provided")
    plant(tmp_path, {"pom.xml": pom(f"{JAVA.format(java)}<dependencies>{library}</dependencies>")})
    text, loaded = proposed_settings(tmp_path)
    assert loaded.settings.apps["shop"].tomcat.image == tomcat
    assert f"{api}.servlet-api {version} (pom.xml)" in text
    assert f"Java {java}: maven.compiler.release in pom.xml" in text


@pytest.mark.parametrize(
    ("named", "image", "why"),
    [
        ("10.1.35", "tomcat:10.1-jdk17-temurin", "Tomcat 10.1.35: tomcat.version in pom.xml, not 11.0"),
        ("11.0.2", "tomcat:11.0-jdk17-temurin", "Tomcat 11.0.2: tomcat.version in pom.xml"),
        ("9.0.98", "tomcat:11.0-jdk17-temurin", "BUT tomcat.version in pom.xml says Tomcat 9.0.98"),
    ],
)
def test_tomcat_named_by_the_project_is_preferred_if_it_fits(tmp_path: Path, named: str, image: str, why: str) -> None:
    library = dependency("jakarta.servlet", "jakarta.servlet-api", "6.1.0", "provided")
    inside = f"<properties><tomcat.version>{named}</tomcat.version></properties><dependencies>{library}</dependencies>"
    text, loaded = proposed_settings(plant(tmp_path, {"pom.xml": pom(inside)}))
    assert loaded.settings.apps["shop"].tomcat.image == image
    assert why in text.replace("\n# ", " ")


def test_maven_image_has_a_jdk_with_the_release_option(tmp_path: Path) -> None:
    _, loaded = proposed_settings(plant(tmp_path, {"pom.xml": pom(JAVA.format(8))}))
    assert loaded.settings.apps["shop"].build.image == "maven:3.9-eclipse-temurin-11"


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("sourceCompatibility = 17", "gradle:8-jdk17"),
        ("sourceCompatibility = 25", "gradle:9-jdk25"),
        ("java { toolchain { languageVersion = JavaLanguageVersion.of(25) } }", "gradle:9-jdk25"),
        ("sourceCompatibility = 1.8\ndependencies { compile 'a:b:1' }", "gradle:6-jdk8"),
        ("dependencies {\n  compile project(':core')\n}", "gradle:6-jdk11"),
        ("task run { compileJava { options.release = 11 } }", "gradle:8-jdk11"),
    ],
)
def test_gradle_image_runs_the_build(tmp_path: Path, text: str, image: str) -> None:
    _, loaded = proposed_settings(plant(tmp_path, {"build.gradle": f"apply plugin: 'war'\n{text}\n"}))
    assert next(iter(loaded.settings.apps.values())).build.image == image


@pytest.mark.parametrize(
    ("version", "java", "image"),
    [
        ("8.10", 21, "gradle:8-jdk21"),
        ("6.8.3", 17, "gradle:8-jdk11"),
        ("4.10", 8, "gradle:8-jdk8"),
        ("7.6", 8, "gradle:8-jdk8"),
        ("8.14", 25, "gradle:8-jdk21"),
        ("9.0.0", 11, "gradle:8-jdk17"),
        ("9.0.0", 25, "gradle:8-jdk21"),
        ("9.1.0", 25, "gradle:9-jdk25"),
    ],
)
def test_gradle_image_has_a_jdk_for_the_projects_own_gradle(
    tmp_path: Path, version: str, java: int, image: str
) -> None:
    files = {
        "build.gradle": f"apply plugin: 'war'\nsourceCompatibility = {java}\n",
        **wrapped(version),
    }
    _, loaded = proposed_settings(plant(tmp_path, files))
    assert next(iter(loaded.settings.apps.values())).build.image == image


def test_gradle_image_has_the_version_of_an_incomplete_wrapper(tmp_path: Path) -> None:
    files = {"build.gradle": "apply plugin: 'war'\n", **wrapped("6.8.3")}
    del files["gradle/wrapper/gradle-wrapper.jar"]
    project = inspect_project(plant(tmp_path, files))
    text = render_settings(project, default_answers(project))
    assert 'image = "gradle:6.8-jdk11"' in text
    assert "./gradlew is used" not in text
    assert any("gradle-wrapper.jar is missing" in point for point in open_points(project, default_answers(project)))


@pytest.mark.parametrize(("version", "java"), [("9.0.0", 11), ("8.14", 25)])
def test_toolchain_without_an_image_is_reported(tmp_path: Path, version: str, java: int) -> None:
    toolchain = f"java {{ toolchain {{ languageVersion = JavaLanguageVersion.of({java}) }} }}\n"
    text, _ = proposed_settings(
        plant(tmp_path, {"build.gradle": f"apply plugin: 'war'\n{toolchain}", **wrapped(version)})
    )
    assert f"BUT the build itself needs Java {java} (languageVersion in build.gradle" in unwrapped(text)


def test_maven_image_has_the_jdk_that_the_build_requires(tmp_path: Path) -> None:
    rule = "<rules><requireJavaVersion><version>[21,)</version></requireJavaVersion></rules>"
    plugin = f"<plugin><artifactId>maven-enforcer-plugin</artifactId><configuration>{rule}</configuration></plugin>"
    inside = f"{JAVA.format(11)}<build><plugins>{plugin}</plugins></build>"
    text, loaded = proposed_settings(plant(tmp_path, {"pom.xml": pom(inside)}))
    assert loaded.settings.apps["shop"].build.image == "maven:3.9-eclipse-temurin-21"
    assert "Java 21: requireJavaVersion in pom.xml" in unwrapped(text)
