"""Renders ``hookserver.toml`` from the findings and the answers. A comment gives the reason for each value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from hookserver.config.app_schema import AppSettings
from hookserver.project.answers import (
    EXAMPLE_DOMAIN,
    Answers,
    app_name,
    app_path,
    build_name,
    chosen_build,
    health_of,
)
from hookserver.project.findings import Build, Evidence, Project, where_of
from hookserver.project.proposed_build import build_table
from hookserver.project.sessions.advice import proposed_sessions
from hookserver.project.tomcat_image import tomcat_image
from hookserver.project.toml import comment, commented, entry
from hookserver.project.undecided import open_points

_HEAD = (
    "Settings for hookserver, proposed by `hookserver init`. Comments give the reason for a value. A key that is not "
    "here has its default: `hookserver check` prints all of them, and reports all mistakes."
)


def render_settings(project: Project, answers: Answers, trusted: Evidence | None = None) -> str:
    """A complete settings file: all found and answered values, and the keys that an operator needs next.

    ``trusted`` is the file of all certificates that this machine trusts, if it trusts additional ones.
    """
    build = chosen_build(project, answers)
    points = open_points(project, answers)
    head = [comment(_HEAD)]
    if points:
        head += ["#", "# To decide:", *(comment(f"- {point}") for point in points)]
    app = f"apps.{answers.name}"
    sections = [
        "\n".join(head),
        _section("nginx", (commented("listen", '["80"]', "ports, or addresses with ports"),)),
        _section(app, _app(project, answers, build)),
        _section(f"{app}.build", build_table(project, answers, build, trusted)),
        _section(f"{app}.tomcat", _tomcat(project, answers, build)),
        _section(f"{app}.health", _health(project, answers, build)),
        _section(f"{app}.release", _release(project, answers)),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _app(project: Project, answers: Answers, build: Build | None) -> Iterator[str]:
    name = build_name(project)
    if name and answers.name == app_name(project):
        yield comment(f"The name is {name.where}.")
    yield from _cautions(project, "app")
    yield entry("repository", answers.repository, _why_repository(project, answers))
    yield entry("branch", answers.branch, where_of(project.branches, answers.branch, "each push to it is deployed"))
    placeholder = answers.domain == EXAMPLE_DOMAIN
    yield entry("domains", [answers.domain], "CHANGE THIS: a placeholder" if placeholder else "")
    if path := app_path(build):
        yield entry("path", path.value, f"the app's path on its domain: {path.where}")
    else:
        yield commented("path", '"/"', "the app's path on its domain; several apps can share a domain")
    yield from _cautions(project, "replicas")
    single = "one, since each replica has its own database; a crash is an outage then"
    yield entry("replicas", int(answers.replicas), single if answers.replicas == "1" else "containers of a release")
    yield commented("image", '"acme/shop"', "name of the app's images; default: hookserver/<app>")
    yield commented("webhook_secret_file", '"/etc/hookserver/secret"', "the forge's secret; without it: no webhooks")


def _why_repository(project: Project, answers: Answers) -> str:
    if project.origin and answers.repository == project.origin.value:
        return project.origin.where
    if answers.repository == "push":
        return f"git push <state_dir>/repos/{answers.name}.git {answers.branch}; or the URL of a repository"
    return "your answer"


def _tomcat(project: Project, answers: Answers, build: Build | None) -> Iterator[str]:
    if build is None or build.kind != "dockerfile":
        image = tomcat_image(project, answers, build) if build else None
        if image:
            yield entry("image", image.value, image.where)
        else:
            default = json.dumps(AppSettings.model_fields["tomcat"].default.image)
            yield commented("image", default, "javax.servlet: tomcat:9.0-…; jakarta.servlet: tomcat:10.1-… or 11.0-…")
        if answers.api == "javax":
            yield commented("migrate", "true", "the build converts the WAR to jakarta, for Tomcat 10.1 or newer")
        yield from _tomcat_files(project)
    yield from _cautions(project, "tomcat")
    yield commented("memory", '"512m"', "of each replica; a deploy doubles the number of replicas for a while")
    yield from _variables(project)
    yield commented("volumes", "[]", '"/path/on/host:/path/in/container"')
    yield commented("networks", "[]", "additional Docker networks, for example the database's")


def _tomcat_files(project: Project) -> Iterator[str]:
    if project.tomcat_files:
        files = ", ".join(f"{json.dumps(file.value)} = {json.dumps(file.where)}" for file in project.tomcat_files)
        yield comment("These files of the project replace Tomcat's own: place below Tomcat's folder = file.")
        yield f"files = {{ {files} }}"


def _variables(project: Project) -> Iterator[str]:
    if not project.variables:
        yield commented("env", "{}", "environment variables, for example the database's address")
        return
    names = ", ".join(f'{variable.value} = ""' for variable in project.variables)
    readers = ", ".join(dict.fromkeys(variable.where for variable in project.variables))
    yield commented("env", f"{{ {names} }}", f"read by {readers}; put passwords into env_file")


def _health(project: Project, answers: Answers, build: Build | None) -> Iterator[str]:
    if build is None:
        yield commented("path", '"/"', "a page that answers 200 if the app is healthy; a redirect is not a 200")
        return
    health = health_of(project, build)
    why = health.where
    if answers.health != health.path:
        why = "your answer"
    elif health.is_guess:
        why = f"A GUESS{f' ({health.where})' if health.where else ''}: no health page was found"
    path = app_path(build)
    if answers.health == f"{path.value if path else ''}/":
        yield comment(f"{answers.health}: {why}.")
        yield commented("path", '""', "empty: the root of the app, also if apps.<app>.path changes")
    else:
        yield entry("path", answers.health, why)
    for note in health.notes:
        yield comment(note)
    yield from _cautions(project, "health")
    if any(caution.topic == "health" for caution in project.cautions):
        yield commented("body", '""', "a text that only the good page contains")


def _release(project: Project, answers: Answers) -> Iterator[str]:
    yield from _cautions(project, "prepare")
    if any(caution.topic == "prepare" for caution in project.cautions):
        yield commented("prepare", "[]", "a command, run once in the new image while the old release is live")
    advice = proposed_sessions(project, answers)
    if advice and advice.mode == "shared":
        yield entry("sessions", "shared", advice.text)
        yield commented("sessions_max", '"256m"', "the most that the app's stored sessions take on disk")
    elif advice:
        yield comment(f"CAUTION: {advice.text}.")
        yield commented("sessions", '"sticky"', "none, sticky or shared")


def _cautions(project: Project, topic: str) -> Iterator[str]:
    for caution in project.cautions:
        if caution.topic == topic:
            yield comment(f"CAUTION: {caution.text}.")


def _section(name: str, entries: Iterable[str]) -> str:
    lines = list(entries)
    return "\n".join((f"[{name}]", *lines)) if lines else ""
