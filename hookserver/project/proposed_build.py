"""The proposed ``[apps.<app>.build]``: the kind of build, its image and its WAR."""

from __future__ import annotations

from collections.abc import Iterator

from hookserver.project.answers import Answers, kinds
from hookserver.project.findings import Build, Evidence, Project, where_of
from hookserver.project.tomcat_image import BUILDER_IMAGES
from hookserver.project.toml import comment, commented, entry

_OUTPUT_FOLDERS = {"maven": "target", "gradle": "libs"}
"""The folder whose WAR a build uses if ``build.war`` is not set, by the kind of build."""


def build_table(project: Project, answers: Answers, build: Build | None, trusted: Evidence | None) -> Iterator[str]:
    """The lines of the table; ``trusted`` as in `render_settings`."""
    if build is None:
        yield commented("kind", '"auto"', f"or {', '.join(kinds())}")
        return
    if build.kind not in kinds():
        yield commented("kind", '"auto"', f"{build.description}; this version does not build {build.kind}")
        return
    yield entry("kind", build.kind, build.description)
    for other in project.builds:
        if other is not build:
            yield comment(f"There is also {other.description} ({other.kind}).")
    if build.kind in BUILDER_IMAGES:
        image = BUILDER_IMAGES[build.kind](answers, build)
        yield entry("image", image.value, image.where)
    if build.command:
        yield entry("command", list(build.command), build.command_reason)
    if build.wrapper:
        yield comment(f"The build uses the project's own {build.wrapper}.")
    if build.modules:
        yield comment(f"Modules: {', '.join(build.modules[:20])}{' …' if len(build.modules) > 20 else ''}.")
    yield from _war(answers, build)
    if build.kind in BUILDER_IMAGES:
        yield _ca_bundle(trusted)


def _ca_bundle(trusted: Evidence | None) -> str:
    if trusted:
        return entry("ca_bundle", trusted.value, f"the certificates that the build trusts: {trusted.where}")
    return commented("ca_bundle", '"/etc/hookserver/ca.pem"', "all CAs to trust, if a company proxy needs its own")


def _war(answers: Answers, build: Build) -> Iterator[str]:
    where = where_of(build.wars, answers.war, "your answer")
    if len(build.wars) > 1:
        others = ", ".join(war.value for war in build.wars if war.value != answers.war)
        yield entry("war", answers.war, f"{where}; there are also {others}")
    elif (
        build.wars and build.kind in _OUTPUT_FOLDERS and answers.war.split("/")[-2:-1] != [_OUTPUT_FOLDERS[build.kind]]
    ):
        yield entry("war", answers.war, where)
    elif build.wars:
        yield comment(f"The WAR: {answers.war} ({where}).")
