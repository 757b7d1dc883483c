"""Maven projects: what a profile, the WAR plug-in and an old compiler plug-in change."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import parse
from hookserver.config.schema import BuildSettings
from hookserver.project import Build, default_answers, inspect_project, render_settings
from tests.unit.project.trees import WRAPPER, plant, pom

PARENT = "<parent><groupId>corner</groupId><artifactId>parent</artifactId><version>1.0</version></parent>"


def build_of(tmp_path: Path, files: dict[str, str]) -> Build:
    return inspect_project(plant(tmp_path, files)).builds[0]


def settings_of(tmp_path: Path, files: dict[str, str]) -> tuple[str, BuildSettings]:
    project = inspect_project(plant(tmp_path, files))
    text = render_settings(project, default_answers(project))
    return text, next(iter(parse(text, tmp_path).settings.apps.values())).build


def profile(name: str, inside: str) -> str:
    return f"<profiles><profile><id>{name}</id>{inside}</profile></profiles>"


WEB = "<modules><module>web</module></modules>"


def test_a_profile_that_alone_brings_the_war_is_named_in_the_command(tmp_path: Path) -> None:
    files = {"pom.xml": pom(profile("full", WEB), "parent", "pom"), "web/pom.xml": pom("", "web")}
    text, build = settings_of(tmp_path, files)
    assert build.command == ("mvn", "-ntp", "-B", "-DskipTests", "-Pfull", "package")
    assert "web/pom.xml is a module only with the profile full" in text
    files |= {"mvnw": "", WRAPPER: ""}
    _, build = settings_of(tmp_path / "wrapped", files)
    assert build.command == ("sh", "-c", "unset MAVEN_CONFIG && exec sh ./mvnw -B -DskipTests -Pfull package")


@pytest.mark.parametrize(
    "inside",
    [
        f"{WEB}<activation><activeByDefault>true</activeByDefault></activation>",
        f"{WEB}<activation><property><name>!light</name></property></activation>",
    ],
)
def test_a_profile_that_is_active_by_itself_needs_no_word(tmp_path: Path, inside: str) -> None:
    build = build_of(
        tmp_path, {"pom.xml": pom(profile("full", inside), "parent", "pom"), "web/pom.xml": pom("", "web")}
    )
    assert ([war.value for war in build.wars], build.command) == (["web/target/*.war"], ())


def test_a_war_that_only_a_profile_adds_is_told_and_not_proposed(tmp_path: Path) -> None:
    admin = profile("extra", "<modules><module>admin</module></modules>")
    top = pom(f"{WEB}{admin}", "parent", "pom")
    build = build_of(tmp_path, {"pom.xml": top, "web/pom.xml": pom("", "web"), "admin/pom.xml": pom("", "admin")})
    assert [war.value for war in build.wars] == ["web/target/*.war"]
    assert build.notes == ("admin/pom.xml makes another WAR, only with the profile extra",)


def war_plugin(inside: str) -> str:
    plugin = f"<plugin><artifactId>maven-war-plugin</artifactId><configuration>{inside}</configuration></plugin>"
    return f"<build><plugins>{plugin}</plugins></build>"


@pytest.mark.parametrize(
    ("place", "war"),
    [
        ("${basedir}/deploy", "web/deploy/*.war"),
        ("${project.basedir}/../deploy", "deploy/*.war"),
        ("${maven.multiModuleProjectDirectory}/out", "out/*.war"),
        ("${project.build.directory}/wars", "web/target/wars/*.war"),
        ("${basedir}", "web/*.war"),
    ],
)
def test_a_war_that_goes_elsewhere_is_named(tmp_path: Path, place: str, war: str) -> None:
    web = pom(PARENT + war_plugin(f"<outputDirectory>{place}</outputDirectory>"), "web")
    text, build = settings_of(tmp_path, {"pom.xml": pom(WEB, "parent", "pom"), "web/pom.xml": web})
    assert build.war == war
    assert "outputDirectory of maven-war-plugin" in text


def test_a_war_in_the_usual_place_is_not_named(tmp_path: Path) -> None:
    text, build = settings_of(tmp_path, {"pom.xml": pom("<build><finalName>shop</finalName></build>")})
    assert build.war == ""
    assert "# The WAR: target/shop.war (finalName in pom.xml)." in text


@pytest.mark.parametrize("place", ["/opt/tomcat/webapps", "../../webapps", "${tomcat.home}/webapps"])
def test_a_war_that_leaves_the_project_is_told(tmp_path: Path, place: str) -> None:
    build = build_of(tmp_path, {"pom.xml": pom(war_plugin(f"<outputDirectory>{place}</outputDirectory>"))})
    assert [war.value for war in build.wars] == ["target/*.war"]
    assert f"goes to {place}, outside this project" in build.notes[0]


def test_a_version_in_the_wars_name_may_be_the_next_one(tmp_path: Path) -> None:
    name = "<build><finalName>${project.artifactId}-${project.version}</finalName></build>"
    assert [war.value for war in build_of(tmp_path, {"pom.xml": pom(name)}).wars] == ["target/shop-*.war"]


def compiler(version: str, inside: str = "") -> str:
    plugin = f"<plugin><artifactId>maven-compiler-plugin</artifactId><version>{version}</version>{inside}</plugin>"
    return pom(f"<build><plugins>{plugin}</plugins></build>")


@pytest.mark.parametrize("version", ["2.3.2", "3.1", "3.8.1"])
def test_an_old_compiler_plugin_without_a_level_gets_an_old_java_as_a_guess(tmp_path: Path, version: str) -> None:
    text, build = settings_of(tmp_path, {"pom.xml": compiler(version)})
    assert build.image == "maven:3.9-eclipse-temurin-8"
    said = " ".join(line.strip("# ") for line in text.splitlines())
    assert f"Java 8: a guess, no level was found: maven-compiler-plugin {version} in pom.xml" in said


def test_so_does_the_plugin_of_an_old_maven(tmp_path: Path) -> None:
    old = "distributionUrl=https://example.com/apache-maven-3.6.3-bin.zip\n"
    build = build_of(tmp_path, {"pom.xml": pom(""), "mvnw": "", WRAPPER: old})
    assert [(level.value, level.weak) for level in build.java] == [("8", True)]
    assert WRAPPER in build.java[0].where


@pytest.mark.parametrize(
    "text",
    [
        compiler("3.11.0"),
        compiler("3.1", "<configuration><source>11</source></configuration>"),
        compiler("3.1").replace(
            "<build>", "<properties><maven.compiler.source>11</maven.compiler.source></properties><build>"
        ),
        pom(f"{PARENT}<build/>"),
    ],
)
def test_otherwise_nothing_is_guessed(tmp_path: Path, text: str) -> None:
    build = build_of(tmp_path, {"pom.xml": text})
    assert [level for level in build.java if level.weak] == []


def test_a_wrapper_without_its_properties_is_told(tmp_path: Path) -> None:
    build = build_of(tmp_path, {"pom.xml": pom(""), "mvnw": ""})
    assert build.wrapper == ""
    assert "./mvnw is not used" in build.notes[0]
