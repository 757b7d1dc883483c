"""``hookserver init``: inspects a project, asks on a terminal about the rest, and writes the settings."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from hookserver.config import parse
from hookserver.errors import HookserverError, Refused
from hookserver.plain_text import plain
from hookserver.project import (
    Answers,
    Project,
    Question,
    default_answers,
    find_ca_bundle,
    inspect_project,
    open_points,
    proposed_sessions,
    questions,
    render_settings,
)
from hookserver.state.web_user import find_web_user


def init(directory: Path, target: Path, ask: bool, domain: str = "") -> None:
    """Write ``target``, the settings for the project in ``directory``, for their owner and the web process to read.

    Raises Refused if ``target`` exists, SettingsError if the answers are not accepted, and click's BadParameter if the
    directory does not exist or the domain is not valid.
    """
    if not directory.is_dir():
        raise click.BadParameter(
            f"there is no folder {directory}: use the folder of a clone of the project", param_hint="DIRECTORY"
        )
    if target.exists() or target.is_symlink():
        raise Refused(f"{target} exists", "Edit it, or move it away first.")
    project = inspect_project(directory)
    answers = default_answers(project)
    if domain:
        question = next(question for question in questions(project, answers) if question.key == "domain")
        answers = replace(answers, domain=_read(question, domain, "--domain"))
    _report_findings(project)
    if ask:
        answers = _ask(project, answers, {"domain"} if domain else set())
    text = render_settings(project, answers, find_ca_bundle(os.environ))
    user = parse(text, target).settings.server.user
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("x", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o640)
        with suppress(HookserverError):  # `hookserver up` reports a user who does not exist
            if web_user := find_web_user(user):
                os.fchown(file.fileno(), -1, web_user.pw_gid)
        file.write(text)
    _report_sessions(project, answers)
    _report_open_points(project, answers, target)


def on_terminal() -> bool:
    """Whether a person can answer questions."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _ask(project: Project, answers: Answers, answered: set[str]) -> Answers:
    """Ask each question once. An answer can lead to further questions."""
    click.echo("Press Enter to accept the value in brackets.", err=True)
    while question := next((found for found in questions(project, answers) if found.key not in answered), None):
        answered.add(question.key)
        answer = _prompt(question)
        answers = replace(answers, **{question.key: answer})
        if question.key == "kind":
            proposed = default_answers(project, answer)
            answers = replace(answers, war=proposed.war, java=proposed.java, health=proposed.health)
    return answers


def _prompt(question: Question) -> str:
    choices = f" ({', '.join(question.choices)})" if question.choices else ""
    read = partial(_read, question)
    return str(click.prompt(f"{question.text}{choices}", default=question.default, value_proc=read, err=True))


def _read(question: Question, typed: str, option: str | None = None) -> str:
    try:
        return question.read(typed)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def _report_findings(project: Project) -> None:
    for build in project.builds:
        click.echo(plain(f"found: {build.description}"), err=True)
    for caution in project.cautions:
        click.secho(plain(f"caution: {caution.text}"), fg="yellow", err=True)


def _report_sessions(project: Project, answers: Answers) -> None:
    advice = proposed_sessions(project, answers)
    if advice and advice.mode != "shared":
        click.secho(plain(f"caution: {advice.text}"), fg="yellow", err=True)


def _report_open_points(project: Project, answers: Answers, target: Path) -> None:
    for point in open_points(project, answers):
        click.secho(plain(f"to decide: {point}"), fg="yellow", err=True)
    click.echo(f"{target} is written: read it, then run `hookserver check` and `hookserver up`.", err=True)
    click.echo(target)
