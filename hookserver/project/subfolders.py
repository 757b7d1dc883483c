"""A project that lies in a folder of its repository: found there, and built from the repository's top."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from hookserver.project.builds.commands import command
from hookserver.project.findings import Build
from hookserver.project.folder import Folder, join

_BUILD_FILES = ("pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "build.xml")
_DEEPEST = 3
_PLAIN = re.compile(r"\w[\w./-]*")


def project_folders(folder: Folder) -> list[str]:
    """The folders with a build file, the shallow ones first, without those inside another one."""
    found: list[str] = []
    for name in folder.files:
        below, _, file = name.rpartition("/")
        plain = file in _BUILD_FILES and below.count("/") < _DEEPEST and _PLAIN.fullmatch(below)
        if plain and not any(f"{below}/".startswith(f"{other}/") for other in found):
            found.append(below)
    return found


def aggregator(folder: Folder, below: str, others: list[str]) -> str:
    """The folder beside a Maven module whose ``pom.xml`` names it, and so builds what it needs too; else itself."""
    for other in others:
        root = folder.xml(f"{other}/pom.xml")
        modules = root.iter("module") if root is not None else ()
        if any(join(other, (module.text or "").strip()) == below for module in modules):
            return other
    return below


def build_from_top(build: Build, below: str, started_in: str) -> Build:
    """The same build, with the paths that count from the repository's top, and a command that starts in a folder."""
    if started_in != below:
        build = replace(build, wrapper="")
    whys = ("the project is not at the repository's top", build.command_reason)
    return replace(
        build,
        what=f"{below}/: {build.what}",
        wars=tuple(replace(war, value=f"{below}/{war.value}") for war in build.wars),
        command=command(build, started_in),
        command_reason="; ".join(why for why in whys if why),
    )


def note_on_repository_above(root: Path) -> str:
    """A note when the folder itself is no repository but lies in one; empty otherwise."""
    here = root.absolute()
    if (here / ".git").exists():
        return ""
    top = next((folder for folder in here.parents if (folder / ".git").exists()), None)
    if top is None:
        return ""
    return (
        f"the repository begins above this folder, at {top}, and a push brings all of it: `hookserver init {top}` "
        f"proposes how {here.relative_to(top)} is built from there"
    )


def notes_on_location(below: str, others: list[str]) -> tuple[str, ...]:
    """What a person should know of a project that was found below the top."""
    first = f"the project is in {below}/: paths in comments count from there"
    if not others:
        return (first,)
    more = f"{', '.join(others[:5])}{' …' if len(others) > 5 else ''}"
    return (first, f"there are also build files in {more}: build.command and build.war say which project is the app's")
