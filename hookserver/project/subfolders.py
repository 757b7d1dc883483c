"""Finds projects in subfolders of a repository, and builds them from the repository's top."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from hookserver.project.builds.commands import command
from hookserver.project.findings import Build
from hookserver.project.folder import Folder, join

_BUILD_FILES = ("pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "build.xml")
_MAX_DEPTH = 3
_PLAIN = re.compile(r"\w[\w./-]*")


def project_folders(folder: Folder) -> list[str]:
    """The subfolders with a build file, shallow ones first, without those inside another one."""
    found: list[str] = []
    for name in folder.files:
        parent, _, file = name.rpartition("/")
        is_project = file in _BUILD_FILES and parent.count("/") < _MAX_DEPTH and _PLAIN.fullmatch(parent)
        if is_project and not any(f"{parent}/".startswith(f"{other}/") for other in found):
            found.append(parent)
    return found


def aggregator(folder: Folder, subfolder: str, others: list[str]) -> str:
    """The folder beside a Maven module whose ``pom.xml`` lists it as a module; else the subfolder itself.

    Maven builds a module together with the modules that it needs only from there.
    """
    for other in others:
        root = folder.xml(f"{other}/pom.xml")
        modules = root.iter("module") if root is not None else ()
        if any(join(other, (module.text or "").strip()) == subfolder for module in modules):
            return other
    return subfolder


def build_from_top(build: Build, subfolder: str, started_in: str) -> Build:
    """The build of a subfolder, with paths relative to the top and a command that runs in ``started_in``."""
    if started_in != subfolder:
        build = replace(build, wrapper="")
    reasons = ("the project is not at the repository's top", build.command_reason)
    return replace(
        build,
        description=f"{subfolder}/: {build.description}",
        wars=tuple(replace(war, value=f"{subfolder}/{war.value}") for war in build.wars),
        command=command(build, started_in),
        command_reason="; ".join(reason for reason in reasons if reason),
    )


def note_on_repository_above(root: Path) -> str:
    """A note if the folder is inside a repository, but not at its top; else empty."""
    here = root.absolute()
    if (here / ".git").exists():
        return ""
    top = next((folder for folder in here.parents if (folder / ".git").exists()), None)
    if top is None:
        return ""
    return (
        f"the top of the repository is {top}, and a push contains all of it: run `hookserver init {top}` to build "
        f"{here.relative_to(top)} from there"
    )


def notes_on_location(subfolder: str, others: list[str]) -> tuple[str, ...]:
    """The notes on a project that was found in a subfolder, with the other projects beside it."""
    first = f"the project is in {subfolder}/: paths in comments are relative to it"
    if not others:
        return (first,)
    more = f"{', '.join(others[:5])}{' …' if len(others) > 5 else ''}"
    return (first, f"there are also build files in {more}: set build.command and build.war to choose another project")
