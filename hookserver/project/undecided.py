"""The points that a person has to decide before the proposed settings are right."""

from __future__ import annotations

from collections.abc import Iterator

from hookserver.project.answers import (
    EXAMPLE_DOMAIN,
    Answers,
    chosen_build,
    health_of,
    is_contradictory,
    is_weak,
    kinds,
)
from hookserver.project.findings import Project


def open_points(project: Project, answers: Answers) -> tuple[str, ...]:
    """The points that a person has to decide: unknown values, contradictions, and files that were not readable."""
    return tuple(_open_points(project, answers))


def _open_points(project: Project, answers: Answers) -> Iterator[str]:
    build = chosen_build(project, answers)
    if answers.domain == EXAMPLE_DOMAIN:
        yield f"domains: {EXAMPLE_DOMAIN} is a placeholder: enter the domain of your app"
    if project.origin and project.origin.value != answers.repository == "push":
        yield "repository: the settings do not accept the URL of the remote origin, so you push to this machine"
    if build is None:
        yield "build: this folder has no pom.xml, build.gradle, build.xml, Dockerfile or *.war"
        yield from project.notes
        return
    for other in project.builds:
        if other.kind not in kinds():
            yield f"build: {other.description}: this version does not build {other.kind}, only {', '.join(kinds())}"
    if build.kind != "dockerfile":
        yield from _open_tomcat_points(project, answers)
    if len(build.wars) > 1:
        yield f"build.war: the build makes {len(build.wars)} WARs; {answers.war} is deployed"
    health = health_of(project, build)
    if health.is_guess and answers.health == health.path:
        yield f"health.path: {answers.health} is a guess; it must answer 200, not a redirect"
    yield from build.notes
    yield from project.notes


def _open_tomcat_points(project: Project, answers: Answers) -> Iterator[str]:
    if not answers.api:
        yield "tomcat.image: no file shows whether the app uses javax.servlet or jakarta.servlet"
    elif is_contradictory(project):
        yield "tomcat.image: parts of the project use javax, others jakarta"
    elif is_weak(project):
        evidence = project.api[0].where
        yield f"tomcat.image: {answers.api} is a guess: its only evidence is {evidence}, which every Tomcat accepts"
    if not answers.java:
        yield "tomcat.image: no Java level was found"
