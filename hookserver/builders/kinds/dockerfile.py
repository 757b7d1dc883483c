"""Projects with a ``Dockerfile``: built with Docker's classic builder, or with buildx if the syntax needs BuildKit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
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
default_image = ""
brings_server = True

# The classic builder refuses or ignores these ("the --chmod option requires BuildKit"):
# https://github.com/moby/moby/blob/master/daemon/builder/dockerfile/dispatchers.go
_RUN_FLAGS = ("--mount=", "--network=", "--security=")
_COPY_FLAGS = ("--link", "--chmod", "--exclude", "--parents", "--checksum")
_SYNTAX = re.compile(r"#[ \t]*syntax[ \t]*=", re.IGNORECASE)
_HEREDOC = re.compile(r"<<-?[\"']?\w")


@dataclass(frozen=True)
class _Instruction:
    name: str
    words: tuple[str, ...]


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
    if any(map(_SYNTAX.match, text.splitlines())):
        return "# syntax="
    for instruction in _instructions(text):
        flags = tuple(takewhile(lambda word: word.startswith("--"), instruction.words))
        if instruction.name == "RUN" and any(flag.startswith(_RUN_FLAGS) for flag in flags):
            return "RUN --mount"
        if instruction.name in ("COPY", "ADD") and any(flag.startswith(_COPY_FLAGS) for flag in flags):
            return "COPY --link or --chmod"
        if instruction.name in ("RUN", "COPY", "ADD") and any(map(_HEREDOC.search, instruction.words)):
            return "a heredoc (<<EOF)"
    return ""


def _instructions(text: str) -> Iterator[_Instruction]:
    """The instructions, of which lines that end in a backslash go on; comments are left out.

    https://docs.docker.com/reference/dockerfile/#format
    """
    for line in re.sub(r"\\[ \t]*\r?\n", " ", text).splitlines():
        words = line.split()
        if words and not words[0].startswith("#"):
            yield _Instruction(words[0].upper(), tuple(words[1:]))
