"""Projects with a ``Dockerfile``: built with Docker's classic builder, or with buildx if the syntax needs BuildKit."""

from __future__ import annotations

import re
from pathlib import Path

from hookserver.builders.image_records import ImageRecord
from hookserver.builders.job import BuildJob, WholeImage
from hookserver.builders.running import source as sources
from hookserver.builders.running.build_cgroup import limited
from hookserver.builders.running.buildx import build_with_buildx
from hookserver.builders.running.docker_build import build_with_engine
from hookserver.builders.running.tools import DOCKERFILE_BASE, BuildTools
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError

recognised_by = "a Dockerfile (dockerfile)"
brings_server = True

# The classic builder refuses or ignores these ("the --chmod option requires BuildKit"):
# https://github.com/moby/moby/blob/master/daemon/builder/dockerfile/dispatchers.go
_BUILDKIT = (
    (re.compile(r"^#\s*syntax\s*=", re.IGNORECASE | re.MULTILINE), "# syntax="),
    (re.compile(r"^\s*RUN\s+(?:.*\s)?--(?:mount|network|security)=", re.IGNORECASE | re.MULTILINE), "RUN --mount"),
    (re.compile(r"^\s*(?:RUN|COPY|ADD)\b.*<<-?[\"']?\w", re.IGNORECASE | re.MULTILINE), "a heredoc (<<EOF)"),
    (
        re.compile(
            r"^\s*(?:COPY|ADD)\s+(?:.*\s)?--(?:link|chmod|exclude|parents|checksum)\b", re.IGNORECASE | re.MULTILINE
        ),
        "COPY --link or --chmod",
    ),
)


def recognise(source: Path) -> str:
    """A ``Dockerfile`` in the top folder."""
    return "" if sources.find_file(source, "Dockerfile") is None else "Dockerfile"


def fingerprint(job: BuildJob) -> str:
    """Empty: the product depends on nothing but the commit and the settings."""
    del job
    return ""


def make(tools: BuildTools, job: BuildJob, log: DeployLog) -> WholeImage:
    """Build the Dockerfile's last stage. Raises BuildError with the builder's last lines."""
    text = sources.read_text(job.source, "Dockerfile")
    if not text:
        raise BuildError(
            "there is no Dockerfile in the top folder of the repository", 'Add one, or set build.kind = "auto".'
        )
    build = job.app.build
    unused = [
        name for name in ("command", "env", "env_files", "volumes", "ca_bundle", "offline") if getattr(build, name)
    ]
    if unused:
        log.line(f"NOTE: a Dockerfile's build does not use build.{', build.'.join(unused)}")
    record = tools.records.begin(ImageRecord(job.app.name, job.deploy, DOCKERFILE_BASE, job.commit))
    labels = tools.labels(record)
    needs = buildkit_syntax(text)
    with limited(tools, job) as cgroup:
        if needs:
            log.line(f"the Dockerfile uses {needs}: built by docker buildx")
            image = build_with_buildx(tools, job, needs, cgroup, labels, log)
        else:
            image = build_with_engine(tools, job, cgroup, labels, log)
    return WholeImage(tools.records.finish(record, image))


def buildkit_syntax(text: str) -> str:
    """The first syntax of a Dockerfile that only BuildKit understands; empty: there is none."""
    return next((name for pattern, name in _BUILDKIT if pattern.search(text)), "")
