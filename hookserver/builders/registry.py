"""The kinds of build, and the choice among them. A new kind is one new module in ``kinds/`` and its name here."""

from __future__ import annotations

from collections.abc import Mapping

from hookserver.builders.job import BuildJob, Kind
from hookserver.builders.kinds import ant, dockerfile, gradle, maven, war
from hookserver.config import AppSettings
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError

KINDS: Mapping[str, Kind] = {"dockerfile": dockerfile, "maven": maven, "gradle": gradle, "ant": ant, "war": war}
"""In the order in which ``auto`` tries them."""


def base_images(app: AppSettings) -> dict[str, str]:
    """The images that builds of the app may start from, each with its setting. Those of a Dockerfile are its own."""
    named = [KINDS[app.build.kind]] if app.build.kind != "auto" else [*KINDS.values()]
    builders = [app.build.image] if app.build.image else [kind.default_image for kind in named]
    if app.tomcat.migrate:
        builders.append(app.build.image or maven.default_image)
    images = {image: "build.image" for image in builders if image}
    return images if all(kind.brings_server for kind in named) else {**images, app.tomcat.image: "tomcat.image"}


def choose(job: BuildJob, log: DeployLog) -> Kind:
    """The kind that the settings name, else the first that is sure, else the first that guesses.

    The log shows what matched, and how to choose another kind. Raises BuildError when no kind fits.
    """
    named = job.app.build.kind
    if named != "auto":
        return KINDS[named]
    if job.app.build.war.startswith("/"):
        return KINDS["war"]
    matches = {name: match for name, kind in KINDS.items() if (match := kind.recognise(job.source))}
    if not matches:
        needed = "; ".join(kind.recognised_by for kind in KINDS.values())
        raise BuildError(
            f"this project has no known build file; searched for: {needed}",
            "Add one of these to the repository, or set build.kind and its settings.",
        )
    chosen = next((name for name, match in matches.items() if match.sure), next(iter(matches)))
    log.line(f"{matches[chosen].text}: {chosen}")
    for name in matches.keys() - {chosen}:
        log.line(f'there is also {matches[name].text}; build.kind = "{name}" uses it')
    return KINDS[chosen]
