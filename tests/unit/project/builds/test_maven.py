"""Maven builds: the WAR, the Java level, profiles and the wrapper."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import parse
from hookserver.config.app_schema import BuildSettings
from hookserver.project import Build, default_answers, inspect_project, render_settings
from tests.unit.project.trees import MULTI_MODULE, WRAPPER, dependency, plant, pom

PARENT = "<parent><groupId>corner</groupId><artifactId>parent</artifactId><version>1.0</version></parent>"


WEB = "<modules><module>web</module></modules>"


def build_of(tmp_path: Path, files: dict[str, str]) -> Build:
    return inspect_project(plant(tmp_path, files)).builds[0]


def settings_of(tmp_path: Path, files: dict[str, str]) -> tuple[str, BuildSettings]:
    project = inspect_project(plant(tmp_path, files))
    text = render_settings(project, default_answers(project))
    return text, next(iter(parse(text, tmp_path).settings.apps.values())).build


def profile(name: str, inside: str) -> str:
    return f"<profiles><profile><id>{name}</id>{inside}</profile></profiles>"


def war_plugin(inside: str) -> str:
    plugin = f"<plugin><artifactId>maven-war-plugin</artifactId><configuration>{inside}</configuration></plugin>"
    return f"<build><plugins>{plugin}</plugins></build>"


def compiler(version: str, inside: str = "") -> str:
    plugin = f"<plugin><artifactId>maven-compiler-plugin</artifactId><version>{version}</version>{inside}</plugin>"
    return pom(f"<build><plugins>{plugin}</plugins></build>")


def test_module_with_the_war_inherits_from_its_parents(tmp_path: Path) -> None:
    build = inspect_project(plant(tmp_path, MULTI_MODULE)).builds[0]
    assert (build.kind, build.wrapper, build.modules) == ("maven", "./mvnw", ("core", "web"))
    assert [(war.value, war.where) for war in build.wars] == [
        ("web/target/*.war", "artifactId and version in web/pom.xml")
    ]
    assert build.name is not None
    assert build.name.value == "corner-web"
    assert [(level.value, level.where) for level in build.java] == [
        ("21", "release of maven-compiler-plugin in pom.xml")
    ]


def test_servlet_version_is_read_through_properties_and_managed_dependencies(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, MULTI_MODULE))
    assert {found.value for found in project.api} == {"jakarta"}
    assert project.servlet is not None
    assert project.servlet.value == "6.1"


def test_java_of_the_enforcer_plugin_is_the_builders(tmp_path: Path) -> None:
    plugin = (
        "<build><plugins><plugin><artifactId>maven-enforcer-plugin</artifactId><executions><execution><configuration>"
        "<rules><requireJavaVersion><version>[17,)</version></requireJavaVersion></rules></configuration></execution>"
        "</executions></plugin></plugins></build><properties><maven.compiler.target>1.8</maven.compiler.target></properties>"
    )
    build = inspect_project(plant(tmp_path, {"pom.xml": pom(plugin)})).builds[0]
    assert build.builder_java is not None
    assert (build.java[0].value, build.builder_java.value) == ("8", "17")


def test_command_names_the_profile_that_adds_the_war(tmp_path: Path) -> None:
    files = {"pom.xml": pom(profile("full", WEB), "parent", "pom"), "web/pom.xml": pom("", "web")}
    text, build = settings_of(tmp_path, files)
    assert build.command == ("mvn", "-ntp", "-B", "-DskipTests", "-Pfull", "package")
    assert "web/pom.xml is a module only with the profile full" in text
    files |= {"mvnw": "", WRAPPER: ""}
    _, build = settings_of(tmp_path / "wrapped", files)
    assert build.command == ("sh", "-c", "unset MAVEN_CONFIG && exec sh ./mvnw -B -DskipTests -Pfull package")


def test_another_war_of_a_profile_is_reported_and_not_proposed(tmp_path: Path) -> None:
    admin = profile("extra", "<modules><module>admin</module></modules>")
    top = pom(f"{WEB}{admin}", "parent", "pom")
    build = build_of(tmp_path, {"pom.xml": top, "web/pom.xml": pom("", "web"), "admin/pom.xml": pom("", "admin")})
    assert [war.value for war in build.wars] == ["web/target/*.war"]
    assert build.notes == ("admin/pom.xml makes another WAR, only with the profile extra",)


def test_unused_profile_for_production_is_reported(tmp_path: Path) -> None:
    profiles = "".join(f"<profile><id>{name}</id></profile>" for name in ("prod", "tomcat85", "reproduce"))
    notes = inspect_project(plant(tmp_path, {"pom.xml": pom(f"<profiles>{profiles}</profiles>")})).builds[0].notes
    assert [note.partition(";")[0] for note in notes] == ["the profile prod is not used"]


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
def test_war_in_another_folder_is_named(tmp_path: Path, place: str, war: str) -> None:
    web = pom(PARENT + war_plugin(f"<outputDirectory>{place}</outputDirectory>"), "web")
    text, build = settings_of(tmp_path, {"pom.xml": pom(WEB, "parent", "pom"), "web/pom.xml": web})
    assert build.war == war
    assert "outputDirectory of maven-war-plugin" in text


def test_war_in_the_usual_folder_is_not_named(tmp_path: Path) -> None:
    text, build = settings_of(tmp_path, {"pom.xml": pom("<build><finalName>shop</finalName></build>")})
    assert build.war == ""
    assert "# The WAR: target/shop.war (finalName in pom.xml)." in text


@pytest.mark.parametrize("place", ["/opt/tomcat/webapps", "../../webapps", "${tomcat.home}/webapps"])
def test_war_outside_the_project_is_reported(tmp_path: Path, place: str) -> None:
    build = build_of(tmp_path, {"pom.xml": pom(war_plugin(f"<outputDirectory>{place}</outputDirectory>"))})
    assert [war.value for war in build.wars] == ["target/*.war"]
    assert f"goes to {place}, outside this project" in build.notes[0]


def test_version_in_the_wars_name_becomes_a_glob(tmp_path: Path) -> None:
    name = "<build><finalName>${project.artifactId}-${project.version}</finalName></build>"
    assert [war.value for war in build_of(tmp_path, {"pom.xml": pom(name)}).wars] == ["target/shop-*.war"]


@pytest.mark.parametrize("version", ["2.3.2", "3.1", "3.8.1"])
def test_old_compiler_plugin_without_a_level_makes_java_8_a_guess(tmp_path: Path, version: str) -> None:
    text, build = settings_of(tmp_path, {"pom.xml": compiler(version)})
    assert build.image == "maven:3.9-eclipse-temurin-8"
    comments = " ".join(line.strip("# ") for line in text.splitlines())
    assert f"Java 8: a guess, no level was found: maven-compiler-plugin {version} in pom.xml" in comments


def test_old_maven_makes_java_8_a_guess(tmp_path: Path) -> None:
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
def test_java_level_is_not_guessed_otherwise(tmp_path: Path, text: str) -> None:
    build = build_of(tmp_path, {"pom.xml": text})
    assert [level for level in build.java if level.weak] == []


def test_wrapper_without_its_properties_is_reported(tmp_path: Path) -> None:
    build = build_of(tmp_path, {"pom.xml": pom(""), "mvnw": ""})
    assert build.wrapper == ""
    assert "./mvnw is not used" in build.notes[0]


def test_imported_bom_names_the_version(tmp_path: Path) -> None:
    bom = dependency("org.springframework.boot", "spring-boot-dependencies", "3.3.4", "import")
    inside = f"<dependencyManagement><dependencies>{bom}</dependencies></dependencyManagement>"
    project = inspect_project(plant(tmp_path, {"pom.xml": pom(inside)}))
    assert [found.value for found in project.api] == ["jakarta"]


def test_java_version_property_is_the_level_if_nothing_else_is_set(tmp_path: Path) -> None:
    build = build_of(tmp_path, {"pom.xml": pom("<properties><java.version>21</java.version></properties>")})
    assert [(level.value, level.where) for level in build.java] == [("21", "java.version in pom.xml")]
