"""Proposed answers, and the questions about the rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hookserver.config import parse
from hookserver.config.values import AppName, Domain
from hookserver.project import Question, default_answers, inspect_project, open_points, questions, render_settings
from tests.unit.project.proposals import proposed_settings
from tests.unit.project.trees import dependency, plant, pom, servlet


def test_contradictory_evidence_is_reported_and_becomes_a_question(tmp_path: Path) -> None:
    library = dependency("jakarta.servlet", "jakarta.servlet-api", "6.0.0")
    files = {"pom.xml": pom(f"<dependencies>{library}</dependencies>"), "src/main/java/Shop.java": servlet("javax")}
    project = inspect_project(plant(tmp_path, files))
    answers = default_answers(project)
    assert "tomcat.image: parts of the project use javax, others jakarta" in open_points(project, answers)
    assert "BUT the other API" in render_settings(project, answers)
    asked = next(question for question in questions(project, answers) if question.key == "api")
    assert asked.choices == ("javax", "jakarta")
    chosen = render_settings(project, replace(answers, api="javax"))
    assert parse(chosen, tmp_path).settings.apps["shop"].tomcat.image.startswith("tomcat:9.0")


def test_old_descriptor_alone_makes_a_guess_that_becomes_a_question(tmp_path: Path) -> None:
    web_xml = '<web-app xmlns="http://java.sun.com/xml/ns/javaee" version="2.5"/>'
    project = inspect_project(plant(tmp_path, {"pom.xml": pom(""), "src/main/webapp/WEB-INF/web.xml": web_xml}))
    answers = default_answers(project)
    assert any("tomcat.image: javax is a guess" in point for point in open_points(project, answers))
    asked = next(question for question in questions(project, answers) if question.key == "api")
    assert asked.default == "javax"


def test_several_wars_become_a_question(tmp_path: Path) -> None:
    top = pom("<modules><module>a</module><module>b</module></modules>", "all", "pom")
    project = inspect_project(plant(tmp_path, {"pom.xml": top, "a/pom.xml": pom("", "a"), "b/pom.xml": pom("", "b")}))
    answers = default_answers(project)
    asked = next(question for question in questions(project, answers) if question.key == "war")
    assert asked.choices == ("a/target/*.war", "b/target/*.war")
    loaded = parse(render_settings(project, replace(answers, war="b/target/*.war")), tmp_path)
    assert next(iter(loaded.settings.apps.values())).build.war == "b/target/*.war"


@pytest.mark.parametrize(
    ("artifact", "name"),
    [("Corner Shop", "corner-shop"), ("x" * 60, "x" * 40), ("--", "shop"), ("Bücher_2", "b-cher-2"), ("${a}", "a")],
)
def test_app_name_is_made_valid(tmp_path: Path, artifact: str, name: str) -> None:
    _, loaded = proposed_settings(plant(tmp_path, {"pom.xml": pom("", artifact)}))
    assert list(loaded.settings.apps) == [name]


def test_invalid_origin_is_reported(tmp_path: Path) -> None:
    plant(tmp_path, {"pom.xml": pom(""), ".git/config": '[remote "origin"]\nurl = ext::sh -c evil\n'})
    project = inspect_project(tmp_path)
    answers = default_answers(project)
    assert answers.repository == "push"
    assert any("remote origin" in point for point in open_points(project, answers))


@pytest.mark.parametrize("url", ["", "https://[half", "https://u:p@x@[", "\x85"])
def test_invalid_urls_and_branches_are_not_proposed(tmp_path: Path, url: str) -> None:
    files = {".git/config": f'[remote "origin"]\nurl = {url}\n', ".git/HEAD": "ref: refs/heads/\x85m\n"}
    text, loaded = proposed_settings(plant(tmp_path, files))
    app = loaded.settings.apps["shop"]
    assert app.branch == "main"
    assert "u:p" not in text


@pytest.mark.parametrize(
    ("question", "typed", "answer"),
    [
        (Question("name", "", "", rule=AppName), " shop ", "shop"),
        (Question("replicas", "", "", ("1", "2")), "2", "2"),
        (Question("domain", "", "", rule=Domain), "shop.example.com", "shop.example.com"),
    ],
)
def test_valid_answer_is_accepted_without_spaces(question: Question, typed: str, answer: str) -> None:
    assert question.read(typed) == answer


@pytest.mark.parametrize(
    ("question", "typed", "reason"),
    [
        (Question("replicas", "", "", ("1", "2")), "3", "'3' is not one of 1, 2"),
        (Question("domain", "", "", rule=Domain), "https://shop.example.com", "is not a domain"),
    ],
)
def test_invalid_answer_is_refused_with_the_reason(question: Question, typed: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        question.read(typed)


def test_two_builds_and_an_embedded_database_become_questions(tmp_path: Path) -> None:
    library = dependency("com.h2database", "h2", "2.2")
    files = {"pom.xml": pom(f"<dependencies>{library}</dependencies>"), "build.gradle": "apply plugin: 'war'"}
    project = inspect_project(plant(tmp_path, files))
    asked = {question.key: question for question in questions(project, default_answers(project))}
    assert asked["kind"].choices == ("maven", "gradle")
    assert asked["replicas"].default == "1"


def test_empty_folder_leads_to_no_question_about_the_build(tmp_path: Path) -> None:
    project = inspect_project(tmp_path)
    asked = [question.key for question in questions(project, default_answers(project))]
    assert asked == ["name", "domain", "repository", "branch"]
