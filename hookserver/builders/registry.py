"""The kinds of build, and the choice among them. A new kind is one new module in ``kinds/`` and its name here."""

from __future__ import annotations

from collections.abc import Mapping

from hookserver.builders.job import BuildJob, Kind
from hookserver.builders.kinds import ant, dockerfile, gradle, maven, war
from hookserver.config import AppSettings
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError

KINDS: Mapping[str, Kind] = {"maven": maven, "gradle": gradle, "ant": ant, "war": war, "dockerfile": dockerfile}
"""In the order in which ``auto`` tries them."""
_ONLY_BY_NAME = "dockerfile"
"""``auto`` never chooses it: a push could then choose the image, the server and the least confined build."""


def base_images(app: AppSettings) -> dict[str, str]:
    """The images that builds of the app may start from, each with its setting. Those of a Dockerfile are its own."""
    named = [KINDS[app.build.kind]] if app.build.kind != "auto" else [*KINDS.values()]
    builders = [app.build.image] if app.build.image else [kind.default_image for kind in named]
    if app.tomcat.migrate:
        builders.append(app.build.image or maven.default_image)
    images = {image: "build.image" for image in builders if image}
    return images if all(kind.brings_server for kind in named) else {**images, app.tomcat.image: "tomcat.image"}


def choose(job: BuildJob, log: DeployLog) -> Kind:
    """The kind that the settings name, else the first that fits.

    The log shows what matched, and how to choose another kind. Raises BuildError when no kind fits.
    """
    named = job.app.build.kind
    if named != "auto":
        return KINDS[named]
    if job.app.build.war.startswith("/"):
        return KINDS["war"]
    matches = {name: text for name, kind in KINDS.items() if (text := kind.recognise(job.source))}
    named_only = matches.pop(_ONLY_BY_NAME, "")
    if named_only and not matches:
        raise BuildError(
            f'this project has a {named_only} only, which build.kind = "auto" never builds',
            f'Set build.kind = "{_ONLY_BY_NAME}".',
        )
    if not matches:
        needed = "; ".join(kind.recognised_by for name, kind in KINDS.items() if name != _ONLY_BY_NAME)
        raise BuildError(
            f"this project has no known build file; searched for: {needed}",
            "Add one of these to the repository, or set build.kind and its settings.",
        )
    chosen, *others = matches
    log.line(f"{matches[chosen]}: {chosen}")
    for name in [*others, *([_ONLY_BY_NAME] if named_only else [])]:
        log.line(f'there is also {matches.get(name, named_only)}; build.kind = "{name}" uses it')
    return KINDS[chosen]
