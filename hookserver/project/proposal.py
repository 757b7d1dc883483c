"""Findings and answers → the text of ``hookserver.toml``, each value with what it was read from."""

from __future__ import annotations

import json
from collections.abc import Iterator

from hookserver.config.schema import AppSettings
from hookserver.project.answers import (
    EXAMPLE_DOMAIN,
    Answers,
    app_name,
    app_path,
    build_name,
    chosen_build,
    health_of,
    is_contradictory,
    is_weak,
    kinds,
)
from hookserver.project.findings import Build, Evidence, Project
from hookserver.project.tomcat_image import BUILDER_IMAGES, tomcat_image
from hookserver.project.toml import comment, commented, entry

_HEAD = (
    "hookserver.toml, proposed by `hookserver init`. A comment says what a value was read from. Keys that are not here "
    "have defaults: `hookserver check` prints them all, and tells every mistake."
)

_LEFT_IN = {"maven": "target", "gradle": "libs"}
"""The name of the folder that a kind of build takes the WAR from where ``build.war`` names none."""


def render_settings(project: Project, answers: Answers, trusted: Evidence | None = None) -> str:
    """A whole settings file, short: what was found or answered, and the keys that are needed next.

    ``trusted`` is the file of what the machine trusts, where it trusts certificates of its own.
    """
    build = chosen_build(project, answers)
    points = open_points(project, answers)
    head = [comment(_HEAD)]
    if points:
        head += ["#", "# Left to decide:", *(comment(f"- {point}") for point in points)]
    name = answers.name
    sections = [
        "\n".join(head),
        _section("nginx", (commented("listen", '["80"]', "ports, or addresses with ports"),)),
        _section(f"apps.{name}", _app(project, answers, build)),
        _section(f"apps.{name}.build", _build(project, answers, build, trusted)),
        _section(f"apps.{name}.tomcat", _tomcat(project, answers, build)),
        _section(f"apps.{name}.health", _health(project, answers, build)),
        _section(f"apps.{name}.release", _release(project)),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def open_points(project: Project, answers: Answers) -> tuple[str, ...]:
    """What no file told and nobody answered, what contradicts itself, and what could not be read."""
    return tuple(_open_points(project, answers, chosen_build(project, answers)))


def _open_points(project: Project, answers: Answers, build: Build | None) -> Iterator[str]:
    if answers.domain == EXAMPLE_DOMAIN:
        yield f"domains: {EXAMPLE_DOMAIN} is a placeholder; no project tells the address that its visitors use"
    if project.origin and project.origin.value != answers.repository == "push":
        yield "repository: the address of the remote origin is none that settings take, so pushes come here"
    if build is None:
        yield "build: no pom.xml, build.gradle, build.xml, Dockerfile or *.war was found in this folder"
        yield from project.notes
        return
    for other in project.builds:
        if other.kind not in kinds():
            yield f"build: {other.what}: this version does not build {other.kind}, it knows {', '.join(kinds())}"
    if build.kind != "dockerfile":
        yield from _open_about_tomcat(project, answers)
    if len(build.wars) > 1:
        yield f"build.war: {len(build.wars)} WARs come out; {answers.war} is deployed"
    health = health_of(project, build)
    if health.is_guess and answers.health == health.path:
        yield f"health.path: {answers.health} is a guess; it must answer 200, not send elsewhere"
    yield from build.notes
    yield from project.notes


def _open_about_tomcat(project: Project, answers: Answers) -> Iterator[str]:
    if not answers.api:
        yield "tomcat.image: nothing here says whether it is written for javax.servlet or jakarta.servlet"
    elif is_contradictory(project):
        yield "tomcat.image: parts of the project speak for javax, others for jakarta"
    elif is_weak(project):
        seen = project.api[0].where
        yield f"tomcat.image: {answers.api} is a guess: only {seen} speaks for it, and such a file runs on any Tomcat"
    if not answers.java:
        yield "tomcat.image: no Java level was found"


def _app(project: Project, answers: Answers, build: Build | None) -> Iterator[str]:
    told = build_name(project)
    if told and answers.name == app_name(project):
        yield comment(f"The name: {told.where}.")
    yield from _cautions(project, "app")
    yield entry("repository", answers.repository, _why_repository(project, answers))
    yield entry("branch", answers.branch, _why(project.branches, answers.branch, "what goes live when it is pushed"))
    placeholder = answers.domain == EXAMPLE_DOMAIN
    yield entry("domains", [answers.domain], "CHANGE THIS: a placeholder" if placeholder else "")
    if path := app_path(build):
        yield entry("path", path.value, f"where it is on its domain: {path.where}")
    else:
        yield commented("path", '"/"', "where it is on its domain; several apps may share one")
    yield from _cautions(project, "replicas")
    inside = "one, since each would have a database of its own; a crash is an outage then"
    yield entry("replicas", int(answers.replicas), inside if answers.replicas == "1" else "containers of a release")
    yield commented("image", '"acme/shop"', "the name of the images made; empty: hookserver/<app>")
    yield commented("webhook_secret_file", '"/etc/hookserver/secret"', "what the forge signs with; none: no webhooks")


def _why_repository(project: Project, answers: Answers) -> str:
    if project.origin and answers.repository == project.origin.value:
        return project.origin.where
    if answers.repository == "push":
        return f"git push <state_dir>/repos/{answers.name}.git {answers.branch}; or an address to fetch from"
    return "as you said"


def _build(project: Project, answers: Answers, build: Build | None, trusted: Evidence | None) -> Iterator[str]:
    if build is None:
        yield commented("kind", '"auto"', f"or {', '.join(kinds())}")
        return
    if build.kind not in kinds():
        yield commented("kind", '"auto"', f"{build.what}; {build.kind} is not built by this version")
        return
    yield entry("kind", build.kind, build.what)
    for other in project.builds:
        if other is not build:
            yield comment(f"There is also {other.what} ({other.kind}).")
    if build.kind in BUILDER_IMAGES:
        image = BUILDER_IMAGES[build.kind](answers, build)
        yield entry("image", image.image, image.why)
    if build.command:
        yield entry("command", list(build.command), build.command_reason)
    if build.wrapper:
        yield comment(f"{build.wrapper} is used: the project brings its own.")
    if build.modules:
        yield comment(f"Modules: {', '.join(build.modules[:20])}{' …' if len(build.modules) > 20 else ''}.")
    yield from _war(answers, build)
    if build.kind in BUILDER_IMAGES:
        yield _ca_bundle(trusted)


def _ca_bundle(trusted: Evidence | None) -> str:
    if trusted:
        return entry("ca_bundle", trusted.value, f"what the build trusts: {trusted.where}")
    return commented("ca_bundle", '"/etc/hookserver/ca.pem"', "all CAs to trust, where a company's proxy needs its own")


def _war(answers: Answers, build: Build) -> Iterator[str]:
    where = _why(build.wars, answers.war, "as you said")
    if len(build.wars) > 1:
        others = ", ".join(war.value for war in build.wars if war.value != answers.war)
        yield entry("war", answers.war, f"{where}; there are also {others}")
    elif build.wars and build.kind in _LEFT_IN and answers.war.split("/")[-2:-1] != [_LEFT_IN[build.kind]]:
        yield entry("war", answers.war, where)
    elif build.wars:
        yield comment(f"The WAR: {answers.war} ({where}).")


def _tomcat(project: Project, answers: Answers, build: Build | None) -> Iterator[str]:
    if build is None or build.kind != "dockerfile":
        image = tomcat_image(project, answers, build) if build else None
        default = str(_default("tomcat", "image"))
        if image:
            yield entry("image", image.image, image.why)
        else:
            yield commented(
                "image", f'"{default}"', "javax.servlet: tomcat:9.0-…; jakarta.servlet: tomcat:10.1-… or 11.0-…"
            )
        if answers.api == "javax":
            yield commented("migrate", "true", "with a Tomcat of 10.1 or newer: the build converts the WAR to jakarta")
        yield from _tomcat_files(project)
    yield from _cautions(project, "tomcat")
    yield commented("memory", '"512m"', "of each replica; during a deploy there are twice as many")
    yield from _variables(project)
    yield commented("volumes", "[]", '"/on/the/host:/in/the/container"')
    yield commented("networks", "[]", "further Docker networks, e.g. a database's")


def _tomcat_files(project: Project) -> Iterator[str]:
    if project.tomcat_files:
        files = ", ".join(f"{json.dumps(file.value)} = {json.dumps(file.where)}" for file in project.tomcat_files)
        yield comment("Tomcat's own files, laid over the image's: they lie in the project under these names.")
        yield f"files = {{ {files} }}"


def _variables(project: Project) -> Iterator[str]:
    if not project.variables:
        yield commented("env", "{}", "for example where its database is")
        return
    names = ", ".join(f'{variable.value} = ""' for variable in project.variables)
    readers = ", ".join(dict.fromkeys(variable.where for variable in project.variables))
    yield commented("env", f"{{ {names} }}", f"read by {readers}; passwords belong in env_file")


def _health(project: Project, answers: Answers, build: Build | None) -> Iterator[str]:
    if build is None:
        yield commented("path", '"/"', "a page that answers 200 when the app is well; a redirect is none")
        return
    health = health_of(project, build)
    why = health.where
    if answers.health != health.path:
        why = "as you said"
    elif health.is_guess:
        why = f"A GUESS{f' ({health.where})' if health.where else ''}: no page made for it was found"
    told = app_path(build)
    if answers.health == f"{told.value if told else ''}/":
        yield comment(f"{answers.health}: {why}.")
        yield commented("path", '""', "empty: the root of the app's context, which follows apps.<app>.path")
    else:
        yield entry("path", answers.health, why)
    for note in health.notes:
        yield comment(note)
    yield from _cautions(project, "health")
    if any(caution.topic == "health" for caution in project.cautions):
        yield commented("body", '""', "a text that is in the good page alone")


def _release(project: Project) -> Iterator[str]:
    yield from _cautions(project, "prepare")
    if any(caution.topic == "prepare" for caution in project.cautions):
        yield commented("prepare", "[]", "a command, once, in the new image, while the old release serves")
    yield from _cautions(project, "release")
    advised = next((caution.advised for caution in project.cautions if caution.topic == "release"), "")
    if advised:
        yield commented("sessions", f'"{advised}"', "none, sticky or replicated")


def _cautions(project: Project, topic: str) -> Iterator[str]:
    for caution in project.cautions:
        if caution.topic == topic:
            yield comment(f"CAUTION: {caution.text}.")


def _section(name: str, lines: Iterator[str] | tuple[str, ...]) -> str:
    said = list(lines)
    return "\n".join((f"[{name}]", *said)) if said else ""


def _why(found: tuple[Evidence, ...], value: str, otherwise: str) -> str:
    return next((evidence.where for evidence in found if evidence.value == value), otherwise)


def _default(section: str, key: str) -> object:
    return getattr(AppSettings.model_fields[section].default, key)
