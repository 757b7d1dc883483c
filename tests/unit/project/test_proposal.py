"""The settings file that is proposed: it loads, it is short, and each value says why."""

from __future__ import annotations

import re
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.config import Loaded, parse
from hookserver.project import Answers, default_answers, inspect_project, open_points, questions, render_settings
from tests.unit.project.trees import ANT, GRADLE_KOTLIN, MULTI_MODULE, dependency, plant, pom, servlet, wrapped

JAVA = "<properties><maven.compiler.release>{}</maven.compiler.release></properties>"


def settled(root: Path, **said: Any) -> tuple[str, Loaded]:
    project = inspect_project(root)
    text = render_settings(project, replace(default_answers(project), **said))
    return text, parse(text, root / "hookserver.toml")


def keys_that_are_off(text: str) -> Iterator[str]:
    """The text once more for each key that a comment offers, that key taken up."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if re.match(r"# [a-z_]+ = ", line) and "_file" not in line:
            yield "\n".join((*lines[:number], line.removeprefix("# "), *lines[number + 1 :]))


def unwrapped(text: str) -> str:
    """The comments as running text."""
    return " ".join(line.strip("# ") for line in text.splitlines())


@pytest.mark.parametrize("tree", [MULTI_MODULE, GRADLE_KOTLIN, ANT, {}, {"Dockerfile": "FROM tomcat:9.0"}])
def test_every_proposal_loads_and_so_does_each_key_it_offers(tmp_path: Path, tree: dict[str, str]) -> None:
    text, loaded = settled(plant(tmp_path, tree))
    assert len(loaded.settings.apps) == 1
    offered = list(keys_that_are_off(text))
    assert offered
    for more in offered:
        parse(more, tmp_path / "hookserver.toml")


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
def test_the_image_has_the_servlet_api_and_the_java_of_the_project(
    tmp_path: Path, api: str, version: str, java: str, tomcat: str
) -> None:
    library = dependency(f"{api}.servlet", f"{api}.servlet-api", version, "provided")
    plant(tmp_path, {"pom.xml": pom(f"{JAVA.format(java)}<dependencies>{library}</dependencies>")})
    text, loaded = settled(tmp_path)
    assert loaded.settings.apps["shop"].tomcat.image == tomcat
    assert f"{api}.servlet-api {version} (pom.xml)" in text
    assert f"Java {java}: maven.compiler.release in pom.xml" in text


def test_maven_runs_on_a_jdk_that_knows_release(tmp_path: Path) -> None:
    _, loaded = settled(plant(tmp_path, {"pom.xml": pom(JAVA.format(8))}))
    assert loaded.settings.apps["shop"].build.image == "maven:3.9-eclipse-temurin-11"


def test_contradictory_evidence_is_told_and_asked(tmp_path: Path) -> None:
    library = dependency("jakarta.servlet", "jakarta.servlet-api", "6.0.0")
    files = {"pom.xml": pom(f"<dependencies>{library}</dependencies>"), "src/main/java/Shop.java": servlet("javax")}
    project = inspect_project(plant(tmp_path, files))
    answers = default_answers(project)
    assert "tomcat.image: parts of the project speak for javax, others for jakarta" in open_points(project, answers)
    assert "BUT the other" in render_settings(project, answers)
    asked = next(question for question in questions(project, answers) if question.key == "api")
    assert asked.choices == ("javax", "jakarta")
    chosen = render_settings(project, replace(answers, api="javax"))
    assert parse(chosen, tmp_path).settings.apps["shop"].tomcat.image.startswith("tomcat:9.0")


def test_an_old_descriptor_alone_makes_a_guess_that_is_asked_and_left_to_decide(tmp_path: Path) -> None:
    web_xml = '<web-app xmlns="http://java.sun.com/xml/ns/javaee" version="2.5"/>'
    project = inspect_project(plant(tmp_path, {"pom.xml": pom(""), "src/main/webapp/WEB-INF/web.xml": web_xml}))
    answers = default_answers(project)
    assert any("tomcat.image: javax is a guess" in point for point in open_points(project, answers))
    asked = next(question for question in questions(project, answers) if question.key == "api")
    assert asked.default == "javax"


def test_nothing_known_of_the_api_leaves_the_image_open(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, {"pom.xml": pom("")}))
    text = render_settings(project, default_answers(project))
    assert "\n# image = " in text
    assert any("javax.servlet or jakarta.servlet" in point for point in open_points(project, default_answers(project)))
    assert {"api", "java", "health"} <= {question.key for question in questions(project, default_answers(project))}


def test_a_health_path_behind_a_login_is_left_to_decide(tmp_path: Path) -> None:
    web_xml = (
        "<web-app><security-constraint><web-resource-collection><url-pattern>/*</url-pattern></web-resource-collection>"
        "<auth-constraint/></security-constraint></web-app>"
    )
    files = {
        "pom.xml": pom(""),
        "src/main/webapp/WEB-INF/web.xml": web_xml,
        "src/main/webapp/index.jsp": "<h1>Shop</h1>",
    }
    project = inspect_project(plant(tmp_path, files))
    assert any("health.path: / is a guess" in point for point in open_points(project, default_answers(project)))
    assert "asks for a login here" in render_settings(project, default_answers(project)).replace("\n# ", " ")


def test_an_embedded_database_means_one_replica_and_says_why(tmp_path: Path) -> None:
    library = dependency("com.h2database", "h2", "2.2")
    text, loaded = settled(plant(tmp_path, {"pom.xml": pom(f"<dependencies>{library}</dependencies>")}))
    assert loaded.settings.apps["shop"].replicas == 1
    assert "database inside the app (H2" in unwrapped(text)


def test_several_wars_are_asked_and_one_is_named(tmp_path: Path) -> None:
    top = pom("<modules><module>a</module><module>b</module></modules>", "all", "pom")
    project = inspect_project(plant(tmp_path, {"pom.xml": top, "a/pom.xml": pom("", "a"), "b/pom.xml": pom("", "b")}))
    answers = default_answers(project)
    asked = next(question for question in questions(project, answers) if question.key == "war")
    assert asked.choices == ("a/target/*.war", "b/target/*.war")
    loaded = parse(render_settings(project, replace(answers, war="b/target/*.war")), tmp_path)
    assert next(iter(loaded.settings.apps.values())).build.war == "b/target/*.war"


def test_a_kind_that_the_settings_do_not_know_is_said_to_be_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("answers", "proposal"):
        monkeypatch.setattr(f"hookserver.project.{module}.kinds", lambda: ("maven", "war"))
    project = inspect_project(plant(tmp_path, ANT))
    answers = default_answers(project)
    assert any("this version does not build ant" in point for point in open_points(project, answers))
    assert 'kind = "ant"' not in render_settings(project, answers)


@pytest.mark.parametrize(
    ("said", "name"),
    [("Corner Shop", "corner-shop"), ("x" * 60, "x" * 40), ("--", "shop"), ("Bücher_2", "b-cher-2"), ("${a}", "a")],
)
def test_a_name_is_made_to_fit(tmp_path: Path, said: str, name: str) -> None:
    _, loaded = settled(plant(tmp_path, {"pom.xml": pom("", said)}))
    assert list(loaded.settings.apps) == [name]


def test_an_origin_that_settings_do_not_take_is_told(tmp_path: Path) -> None:
    plant(tmp_path, {"pom.xml": pom(""), ".git/config": '[remote "origin"]\nurl = ext::sh -c evil\n'})
    project = inspect_project(tmp_path)
    answers = default_answers(project)
    assert answers.repository == "push"
    assert any("remote origin" in point for point in open_points(project, answers))


@pytest.mark.parametrize("url", ["", "https://[half", "https://u:p@x@[", "\x85"])
def test_addresses_and_branches_that_are_none_are_not_proposed(tmp_path: Path, url: str) -> None:
    files = {".git/config": f'[remote "origin"]\nurl = {url}\n', ".git/HEAD": "ref: refs/heads/\x85m\n"}
    text, loaded = settled(plant(tmp_path, files))
    app = loaded.settings.apps["shop"]
    assert app.branch == "main"
    assert "u:p" not in text


def test_what_a_project_says_cannot_become_a_key(tmp_path: Path) -> None:
    evil = 'x"&#10;[server]&#10;state_dir = "/evil'
    name = "<build><finalName>" + evil + "</finalName></build>"
    java = servlet("javax", mapping='/health"\n[server]\nlisten = "evil')
    text, loaded = settled(plant(tmp_path, {"pom.xml": pom(name, evil), "src/main/java/A.java": java}))
    assert "server" not in tomllib.loads(text)
    assert str(loaded.settings.server.state_dir) == "/var/lib/hookserver"


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
XML_TEXT = TEXT.map(lambda text: "".join(f"&#{ord(c)};" if ord(c) >= 32 else " " for c in text if ord(c) < 0xD800))
LEVELS = st.sampled_from(["8", "1.8", "11", "17", "21", "25", "99", "${x}", ""])


@st.composite
def trees(draw: st.DrawFn) -> dict[str, str]:
    files = {}
    api = st.sampled_from(["javax", "jakarta"])
    if draw(st.booleans()):
        library = dependency(f"{draw(api)}.servlet", "jakarta.servlet-api", draw(st.sampled_from(["6.1.0", "4", ""])))
        inside = f"{JAVA.format(draw(LEVELS))}<build><finalName>{draw(XML_TEXT)}</finalName></build>"
        packaging = draw(st.sampled_from(["war", "jar", "pom"]))
        files["pom.xml"] = pom(f"{inside}<dependencies>{library}</dependencies>", draw(XML_TEXT), packaging)
    if draw(st.booleans()):
        files["build.gradle"] = f"apply plugin: 'war'\nsourceCompatibility = '{draw(LEVELS)}'\n{draw(TEXT)}"
        files["settings.gradle"] = f'rootProject.name = "{draw(TEXT)}"'
    if draw(st.booleans()):
        files["build.xml"] = f'<project name="{draw(XML_TEXT)}"><war destfile="{draw(XML_TEXT)}.war"/></project>'
    if draw(st.booleans()):
        files["Dockerfile"] = f"FROM {draw(st.sampled_from(['tomcat', 'debian']))}\n{draw(TEXT)}"
    if draw(st.booleans()):
        files[".git/config"] = f'[remote "origin"]\n\turl = {draw(TEXT)}\n'
        files[".git/HEAD"] = f"ref: refs/heads/{draw(TEXT)}\n"
    files["src/main/java/A.java"] = servlet(draw(api), inside=draw(TEXT))
    files["src/main/webapp/index.jsp"] = f'<% response.sendRedirect("{draw(TEXT)}"); %>'
    return files


@given(trees(), st.booleans())
def test_whatever_a_project_says_the_proposal_loads(files: dict[str, str], is_war_there: bool) -> None:
    with tempfile.TemporaryDirectory() as root:
        plant(Path(root), files)
        if is_war_there:
            with zipfile.ZipFile(Path(root, "a b.war"), "w") as war:
                war.writestr("WEB-INF/classes/A.class", b"\xca\xfe\xba\xbe\x00\x00\x00\x34")
        text, loaded = settled(Path(root))
        assert len(loaded.settings.apps) == 1
        assert max(map(len, text.splitlines())) < 2000
        for more in keys_that_are_off(text):
            parse(more, Path(root))


def test_answers_stand_in_place_of_what_was_found(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, MULTI_MODULE))
    answers = Answers(
        name="till",
        domain="till.example.org",
        repository="https://git.example.org/acme/till.git",
        branch="release",
        kind="maven",
        war="web/target/*.war",
        api="jakarta",
        java="25",
        health="/well",
        replicas="3",
    )
    text = render_settings(project, answers)
    app = parse(text, tmp_path).settings.apps["till"]
    assert (app.domains, app.repository, app.branch) == (
        ("till.example.org",),
        "https://git.example.org/acme/till.git",
        "release",
    )
    assert (app.replicas, app.health.path, app.tomcat.image) == (3, "/well", "tomcat:11.0-jdk25-temurin")
    assert "CHANGE THIS" not in text


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
def test_gradles_image_is_one_that_the_build_can_run_on(tmp_path: Path, text: str, image: str) -> None:
    _, loaded = settled(plant(tmp_path, {"build.gradle": f"apply plugin: 'war'\n{text}\n"}))
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
def test_the_projects_own_gradle_gets_a_java_that_it_runs_on(
    tmp_path: Path, version: str, java: int, image: str
) -> None:
    files = {
        "build.gradle": f"apply plugin: 'war'\nsourceCompatibility = {java}\n",
        **wrapped(version),
    }
    _, loaded = settled(plant(tmp_path, files))
    assert next(iter(loaded.settings.apps.values())).build.image == image


def test_a_wrapper_without_its_jar_is_not_used_but_its_gradle_is(tmp_path: Path) -> None:
    files = {"build.gradle": "apply plugin: 'war'\n", **wrapped("6.8.3")}
    del files["gradle/wrapper/gradle-wrapper.jar"]
    project = inspect_project(plant(tmp_path, files))
    text = render_settings(project, default_answers(project))
    assert 'image = "gradle:6.8-jdk11"' in text
    assert "./gradlew is used" not in text
    assert any("gradle-wrapper.jar is missing" in point for point in open_points(project, default_answers(project)))


@pytest.mark.parametrize(("version", "java"), [("9.0.0", 11), ("8.14", 25)])
def test_a_toolchain_that_no_image_has_together_with_the_projects_gradle_is_told(
    tmp_path: Path, version: str, java: int
) -> None:
    toolchain = f"java {{ toolchain {{ languageVersion = JavaLanguageVersion.of({java}) }} }}\n"
    text, _ = settled(plant(tmp_path, {"build.gradle": f"apply plugin: 'war'\n{toolchain}", **wrapped(version)}))
    assert f"BUT the build wants Java {java} itself (languageVersion in build.gradle" in unwrapped(text)


def test_a_way_to_convert_is_offered_for_javax_alone(tmp_path: Path) -> None:
    for api, offered in (("javax", True), ("jakarta", False)):
        text, _ = settled(plant(tmp_path / api, {"pom.xml": pom(""), "src/main/java/Shop.java": servlet(api)}))
        assert ("# migrate = true" in text) is offered


@pytest.mark.parametrize(
    "files",
    [
        {"pom.xml": pom(f"<dependencies>{dependency('org.flywaydb', 'flyway-core', '11.1.0')}</dependencies>")},
        {"pom.xml": pom(""), "src/main/resources/db/migration/V1__orders.sql": "create table orders (id int);"},
    ],
)
def test_a_migration_of_the_database_is_told_with_what_prepare_does(tmp_path: Path, files: dict[str, str]) -> None:
    text, _ = settled(plant(tmp_path, files))
    assert "CAUTION: the database is migrated" in text
    assert "# prepare = []" in text


def test_a_health_path_that_is_the_default_is_not_set_so_that_it_follows_the_apps_path(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, {"pom.xml": pom(""), "src/main/webapp/index.jsp": ""}))
    answers = replace(default_answers(project), domain="shop.example.com")
    text = render_settings(project, answers)
    assert "/: the welcome page, src/main/webapp/index.jsp." in text
    moved = text.replace("# path = ", 'path = "/shop" # ', 1)
    assert parse(moved, tmp_path / "hookserver.toml").settings.apps["shop"].health.path == "/shop/"


@pytest.mark.parametrize(
    ("named", "image", "why"),
    [
        ("10.1.35", "tomcat:10.1-jdk17-temurin", "Tomcat 10.1.35: tomcat.version in pom.xml, not 11.0"),
        ("11.0.2", "tomcat:11.0-jdk17-temurin", "Tomcat 11.0.2: tomcat.version in pom.xml"),
        ("9.0.98", "tomcat:11.0-jdk17-temurin", "BUT tomcat.version in pom.xml says Tomcat 9.0.98"),
    ],
)
def test_the_tomcat_that_the_project_itself_names_is_preferred_where_it_fits(
    tmp_path: Path, named: str, image: str, why: str
) -> None:
    library = dependency("jakarta.servlet", "jakarta.servlet-api", "6.1.0", "provided")
    inside = f"<properties><tomcat.version>{named}</tomcat.version></properties><dependencies>{library}</dependencies>"
    text, loaded = settled(plant(tmp_path, {"pom.xml": pom(inside)}))
    assert loaded.settings.apps["shop"].tomcat.image == image
    assert why in text.replace("\n# ", " ")
