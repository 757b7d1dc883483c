"""The proposed settings file: it is valid, short, and gives a reason for each value."""

from __future__ import annotations

import re
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.config import parse
from hookserver.project import Answers, default_answers, inspect_project, open_points, questions, render_settings
from tests.unit.project.proposals import proposed_settings, unwrapped
from tests.unit.project.trees import ANT, GRADLE_KOTLIN, JAVA, MULTI_MODULE, dependency, plant, pom, servlet


def commented_keys(text: str) -> Iterator[str]:
    """The text once for each key that a comment offers, with that key uncommented."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if re.match(r"# [a-z_]+ = ", line) and "_file" not in line:
            yield "\n".join((*lines[:number], line.removeprefix("# "), *lines[number + 1 :]))


@pytest.mark.parametrize("tree", [MULTI_MODULE, GRADLE_KOTLIN, ANT, {}, {"Dockerfile": "FROM tomcat:9.0"}])
def test_proposal_is_valid_with_each_of_its_commented_keys(tmp_path: Path, tree: dict[str, str]) -> None:
    text, loaded = proposed_settings(plant(tmp_path, tree))
    assert len(loaded.settings.apps) == 1
    offered = list(commented_keys(text))
    assert offered
    for more in offered:
        parse(more, tmp_path / "hookserver.toml")


def test_unknown_api_leaves_the_image_open(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, {"pom.xml": pom("")}))
    text = render_settings(project, default_answers(project))
    assert "\n# image = " in text
    assert any("javax.servlet or jakarta.servlet" in point for point in open_points(project, default_answers(project)))
    assert {"api", "java", "health"} <= {question.key for question in questions(project, default_answers(project))}


def test_embedded_database_means_one_replica(tmp_path: Path) -> None:
    library = dependency("com.h2database", "h2", "2.2")
    text, loaded = proposed_settings(plant(tmp_path, {"pom.xml": pom(f"<dependencies>{library}</dependencies>")}))
    assert loaded.settings.apps["shop"].replicas == 1
    assert "database inside the app (H2" in unwrapped(text)


def test_text_of_a_project_cannot_become_a_key(tmp_path: Path) -> None:
    evil = 'x"&#10;[server]&#10;state_dir = "/evil'
    name = "<build><finalName>" + evil + "</finalName></build>"
    java = servlet("javax", mapping='/health"\n[server]\nlisten = "evil')
    text, loaded = proposed_settings(plant(tmp_path, {"pom.xml": pom(name, evil), "src/main/java/A.java": java}))
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
def test_proposal_is_valid_for_any_text(files: dict[str, str], is_war_there: bool) -> None:
    with tempfile.TemporaryDirectory() as root:
        plant(Path(root), files)
        if is_war_there:
            with zipfile.ZipFile(Path(root, "a b.war"), "w") as war:
                war.writestr("WEB-INF/classes/A.class", b"\xca\xfe\xba\xbe\x00\x00\x00\x34")
        text, loaded = proposed_settings(Path(root))
        assert len(loaded.settings.apps) == 1
        assert max(map(len, text.splitlines())) < 2000
        for more in commented_keys(text):
            parse(more, Path(root))


def test_answers_replace_findings(tmp_path: Path) -> None:
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


def test_migration_to_jakarta_is_offered_only_for_javax(tmp_path: Path) -> None:
    for api, offered in (("javax", True), ("jakarta", False)):
        text, _ = proposed_settings(
            plant(tmp_path / api, {"pom.xml": pom(""), "src/main/java/Shop.java": servlet(api)})
        )
        assert ("# migrate = true" in text) is offered


@pytest.mark.parametrize(
    "files",
    [
        {"pom.xml": pom(f"<dependencies>{dependency('org.flywaydb', 'flyway-core', '11.1.0')}</dependencies>")},
        {"pom.xml": pom(""), "src/main/resources/db/migration/V1__orders.sql": "create table orders (id int);"},
    ],
)
def test_database_migration_is_reported_with_prepare(tmp_path: Path, files: dict[str, str]) -> None:
    text, _ = proposed_settings(plant(tmp_path, files))
    assert "CAUTION: the database is migrated" in text
    assert "# prepare = []" in text


def test_default_health_path_follows_the_apps_path(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, {"pom.xml": pom(""), "src/main/webapp/index.jsp": ""}))
    answers = replace(default_answers(project), domain="shop.example.com")
    text = render_settings(project, answers)
    assert "/: the welcome page, src/main/webapp/index.jsp." in text
    moved = text.replace("# path = ", 'path = "/shop" # ', 1)
    assert parse(moved, tmp_path / "hookserver.toml").settings.apps["shop"].health.path == "/shop/"


def test_proposal_offers_the_key_of_its_caution(tmp_path: Path) -> None:
    files = {
        "pom.xml": pom(""),
        "src/main/resources/struts.properties": "struts.devMode = true\n",
    }
    text, _ = proposed_settings(plant(tmp_path, files))
    assert '# body = ""' in text


def test_shared_sessions_are_set_and_unsuitable_ones_explained(tmp_path: Path) -> None:
    files = {"pom.xml": pom(""), "Shop.java": servlet("javax", inside="void x() { request.getSession(); }")}
    text, loaded = proposed_settings(plant(tmp_path, files))
    assert loaded.settings.apps["shop"].release.sessions == "shared"
    assert '# sessions_max = "256m"' in text
    text, loaded = proposed_settings(plant(tmp_path, {"shop/Cart.java": "@SessionScoped class Cart { }"}))
    assert loaded.settings.apps["shop"].release.sessions == "sticky"
    assert '# sessions = "sticky"' in text
    assert "Cart (put there by shop/Cart.java)" in unwrapped(text)
