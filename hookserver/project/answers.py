"""Proposes answers from the findings, and asks a person about the rest: an answer replaces a guess."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from hookserver.config.app_schema import BuildSettings
from hookserver.config.values import AppName, Branch, Domain, HealthPath, Repository, UrlPath
from hookserver.project.findings import Build, Evidence, Health, Project
from hookserver.project.java import JDKS

EXAMPLE_DOMAIN = "shop.example.com"
DEFAULT_NAME = "shop"


@dataclass(frozen=True)
class Answers:
    """The values for the settings file. ``api`` and ``java`` are empty if unknown, ``kind`` if there is no build."""

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
    """One question to a person. ``key`` is the field of the answers, ``rule`` the type of a valid answer."""

    key: str
    text: str
    default: str
    choices: tuple[str, ...] = ()
    rule: Any = str

    def read(self, typed: str) -> str:
        """The answer without spaces around it. Raises ValueError, with the reason, if it is not valid."""
        typed = typed.strip()
        if self.choices and typed not in self.choices:
            raise ValueError(f"{typed!r} is not one of {', '.join(self.choices)}")
        try:
            return str(TypeAdapter(self.rule).validate_python(typed))
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def kinds() -> tuple[str, ...]:
    """The kinds of build that the settings accept."""
    return tuple(kind for kind in get_args(BuildSettings.model_fields["kind"].annotation) if kind != "auto")


def default_answers(project: Project, kind: str = "") -> Answers:
    """The answers that the findings propose, with the build of this kind, or of the first that the settings accept."""
    wanted = (kind,) if kind else kinds()
    build = next((found for found in project.builds if found.kind in wanted), project.build)
    origin = project.origin
    votes = Counter(evidence.value for evidence in strong_api(project)).most_common(1)
    return Answers(
        name=app_name(project),
        domain=EXAMPLE_DOMAIN,
        repository=origin.value if origin and _is_valid(Repository, origin.value) else "push",
        branch=next((found.value for found in project.branches if _is_valid(Branch, found.value)), "main"),
        kind=build.kind if build else "",
        war=build.wars[0].value if build and build.wars else "",
        api=votes[0][0] if votes else "",
        java=build.java[0].value if build and build.java else "",
        health=health_path(project, build),
        replicas="1" if project.embedded else "2",
    )


def questions(project: Project, answers: Answers) -> Iterator[Question]:
    """The questions, in order, after these answers: about facts that no file contains, and about contradictions."""
    yield Question("name", "Name of the app", answers.name, rule=AppName)
    yield Question("domain", "Domain of the app", answers.domain, rule=Domain)
    yield Question("repository", 'Repository ("push": you push to this machine)', answers.repository, rule=Repository)
    if len(project.branches) != 1:
        yield Question("branch", "Branch to deploy", answers.branch, rule=Branch)
    possible = tuple(build.kind for build in project.builds if build.kind in kinds())
    if len(possible) > 1:
        yield Question("kind", "Kind of build", answers.kind, possible)
    build = chosen_build(project, answers)
    if build is None:
        return
    if len(build.wars) > 1:
        yield Question("war", "WAR to deploy", answers.war, tuple(war.value for war in build.wars))
    if build.kind != "dockerfile":
        yield from _tomcat_questions(project, answers, build)
    if health_of(project, build).is_guess:
        yield Question("health", "Page that answers 200 if the app is healthy", answers.health, rule=HealthPath)
    if project.embedded:
        yield Question("replicas", "Replicas (the database is inside the app)", answers.replicas, ("1", "2"))


def chosen_build(project: Project, answers: Answers) -> Build | None:
    """The build of the answered kind; None if there is none."""
    return next((build for build in project.builds if build.kind == answers.kind), None)


def health_of(project: Project, build: Build) -> Health:
    """The health path below the URL path that this build gives the app."""
    if build.path is None or build.path.value == "/":
        return project.health
    if not build.path.value:
        note = f"{build.path.where}, so the app's path depends on that name"
        return replace(project.health, is_guess=True, notes=(note, *project.health.notes))
    where = "; ".join(part for part in (build.path.where, project.health.where) if part)
    return replace(project.health, path=f"{build.path.value}{project.health.path}", where=where)


def health_path(project: Project, build: Build | None) -> str:
    """The same path as an answer; ``/`` if the settings do not accept it."""
    path = (health_of(project, build) if build else project.health).path
    return path if _is_valid(HealthPath, path) else "/"


def app_path(build: Build | None) -> Evidence | None:
    """The URL path that the build gives the app; None if it is ``/`` or unknown."""
    path = build.path if build else None
    return path if path and path.value not in ("", "/") and _is_valid(UrlPath, path.value) else None


def strong_api(project: Project) -> tuple[Evidence, ...]:
    """The strong evidence for javax or jakarta; the weak evidence if there is no other."""
    return tuple(found for found in project.api if not found.weak) or project.api


def is_contradictory(project: Project) -> bool:
    """Whether there is evidence for both javax and jakarta."""
    return len({found.value for found in strong_api(project)}) > 1


def is_weak(project: Project) -> bool:
    """Whether all evidence for javax or jakarta is weak."""
    return bool(project.api) and all(found.weak for found in project.api)


def build_name(project: Project) -> Evidence | None:
    """The name in the first build file that has one."""
    return next((build.name for build in project.builds if build.name), None)


def app_name(project: Project) -> str:
    """A valid app name, made from the name in a build file or from the folder's."""
    named = build_name(project)
    name = named.value if named else project.root.absolute().name if project.builds else DEFAULT_NAME
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or DEFAULT_NAME


def _tomcat_questions(project: Project, answers: Answers, build: Build) -> Iterator[Question]:
    if is_contradictory(project) or is_weak(project) or not project.api:
        default = answers.api or "jakarta"
        yield Question("api", "Servlet API: javax.servlet or jakarta.servlet", default, ("javax", "jakarta"))
    if not build.java:
        levels = tuple(str(version) for version in JDKS)
        yield Question("java", "Java version", answers.java or "17", levels)


def _is_valid(rule: Any, value: str) -> bool:
    if not value.isprintable():
        return False
    try:
        TypeAdapter(rule).validate_python(value)
    except ValidationError:
        return False
    return True
