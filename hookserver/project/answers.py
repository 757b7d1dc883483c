"""What is proposed from the findings, and what is left to ask: a person's answers stand in place of a guess."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from hookserver.config.schema import BuildSettings
from hookserver.config.values import AppName, Branch, Domain, HealthPath, Repository, UrlPath
from hookserver.project.findings import Build, Evidence, Health, Project
from hookserver.project.java import JDKS

EXAMPLE_DOMAIN = "shop.example.com"
NO_NAME = "shop"


@dataclass(frozen=True)
class Answers:
    """What the settings file will say. ``api`` and ``java`` are empty when nobody knows, ``kind`` with no build."""

    name: str
    domain: str
    repository: str
    branch: str
    kind: str
    war: str
    api: str
    java: str
    health: str
    replicas: str


@dataclass(frozen=True)
class Question:
    """One thing to ask: which field of the answers it fills, and what may be said."""

    key: str
    text: str
    default: str
    choices: tuple[str, ...] = ()
    rule: Any = str

    def read(self, said: str) -> str:
        """The answer, when it is one. Raises ValueError with what is wrong."""
        said = said.strip()
        if self.choices and said not in self.choices:
            raise ValueError(f"{said!r} is not one of {', '.join(self.choices)}")
        try:
            return str(TypeAdapter(self.rule).validate_python(said))
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def kinds() -> tuple[str, ...]:
    """The kinds of build that the settings know."""
    return tuple(kind for kind in get_args(BuildSettings.model_fields["kind"].annotation) if kind != "auto")


def default_answers(project: Project) -> Answers:
    """What the findings propose; a kind of build that the settings do not know yet is passed over for one they do."""
    build = next((found for found in project.builds if found.kind in kinds()), project.build)
    first = project.origin
    return Answers(
        name=app_name(project),
        domain=EXAMPLE_DOMAIN,
        repository=first.value if first and _is_valid(Repository, first.value) else "push",
        branch=next((found.value for found in project.branches if _is_valid(Branch, found.value)), "main"),
        kind=build.kind if build else "",
        war=build.wars[0].value if build and build.wars else "",
        api=_majority(strong_api(project)),
        java=build.java[0].value if build and build.java else "",
        health=health_path(project, build),
        replicas="1" if project.embedded else "2",
    )


def questions(project: Project, answers: Answers) -> Iterator[Question]:
    """What to ask, in order, given what was answered so far: what no file tells, and what files contradict."""
    yield Question("name", "The app's name", answers.name, rule=AppName)
    yield Question("domain", "The domain its visitors use", answers.domain, rule=Domain)
    yield Question("repository", 'Its repository ("push": pushed to this machine)', answers.repository, rule=Repository)
    if len(project.branches) != 1:
        yield Question("branch", "The branch that goes live", answers.branch, rule=Branch)
    possible = tuple(build.kind for build in project.builds if build.kind in kinds())
    if len(possible) > 1:
        yield Question("kind", "Built by", answers.kind, possible)
    build = chosen_build(project, answers)
    if build is None:
        return
    if len(build.wars) > 1:
        yield Question("war", "The WAR to deploy", answers.war, tuple(war.value for war in build.wars))
    if build.kind != "dockerfile":
        yield from _tomcat_questions(project, answers, build)
    if health_of(project, build).is_guess:
        yield Question("health", "A page that answers 200 when it is well", answers.health, rule=HealthPath)
    if project.embedded:
        yield Question("replicas", "Replicas (the database is inside the app)", answers.replicas, ("1", "2"))


def chosen_build(project: Project, answers: Answers) -> Build | None:
    """The way of building that the answers mean."""
    return next((build for build in project.builds if build.kind == answers.kind), None)


def health_of(project: Project, build: Build) -> Health:
    """The likeliest path in what this way of building makes."""
    if build.path is None or build.path.value == "/":
        return project.health
    if not build.path.value:
        note = f"{build.path.where}, so the app's path is what that name becomes"
        return replace(project.health, is_guess=True, notes=(note, *project.health.notes))
    where = "; ".join(part for part in (build.path.where, project.health.where) if part)
    return replace(project.health, path=f"{build.path.value}{project.health.path}", where=where)


def health_path(project: Project, build: Build | None) -> str:
    """The same as an answer: one that settings take."""
    path = (health_of(project, build) if build else project.health).path
    return path if _is_valid(HealthPath, path) else "/"


def app_path(build: Build | None) -> Evidence | None:
    """Where the app is on its domain, when the way of building tells and it is not ``/``."""
    told = build.path if build else None
    return told if told and told.value not in ("", "/") and _is_valid(UrlPath, told.value) else None


def strong_api(project: Project) -> tuple[Evidence, ...]:
    """What speaks for javax or jakarta; what says little counts only where nothing else speaks."""
    return tuple(found for found in project.api if not found.weak) or project.api


def is_contradictory(project: Project) -> bool:
    """Whether a part of the project speaks for javax, and another for jakarta."""
    return len({found.value for found in strong_api(project)}) > 1


def is_weak(project: Project) -> bool:
    """Whether all that speaks for javax or jakarta says little."""
    return bool(project.api) and all(found.weak for found in project.api)


def build_name(project: Project) -> Evidence | None:
    """The name that a build file says."""
    return next((build.name for build in project.builds if build.name), None)


def app_name(project: Project) -> str:
    """A name made to fit, of a build file's or the folder's."""
    told = build_name(project)
    said = told.value if told else project.root.absolute().name if project.builds else NO_NAME
    plain = re.sub(r"[^a-z0-9]+", "-", said.lower()).strip("-")[:40].strip("-")
    return plain or NO_NAME


def _tomcat_questions(project: Project, answers: Answers, build: Build) -> Iterator[Question]:
    if is_contradictory(project) or is_weak(project) or not project.api:
        default = answers.api or "jakarta"
        yield Question("api", "Written for javax.servlet or jakarta.servlet", default, ("javax", "jakarta"))
    if not build.java:
        levels = tuple(str(version) for version in JDKS)
        yield Question("java", "The Java version it runs on", answers.java or "17", levels)


def _majority(found: tuple[Evidence, ...]) -> str:
    votes = Counter(evidence.value for evidence in found)
    return votes.most_common(1)[0][0] if votes else ""


def _is_valid(rule: Any, value: str) -> bool:
    if not value.isprintable():
        return False
    try:
        TypeAdapter(rule).validate_python(value)
    except ValidationError:
        return False
    return True
