"""Projects with a ``Dockerfile``: built with Docker's classic builder, or with buildx if the syntax needs BuildKit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from hookserver.builders.job import BuildJob, KindMatch, WholeImage
from hookserver.builders.running import source as sources
from hookserver.builders.running.buildx import build_with_buildx
from hookserver.builders.running.docker_build import build_with_engine
from hookserver.builders.running.tools import BuildTools
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError
from hookserver.limits.glob import Globs

recognised_by = "a Dockerfile (dockerfile)"
default_image = ""
brings_server = True

# The classic builder refuses or ignores these ("the --chmod option requires BuildKit"):
# https://github.com/moby/moby/blob/master/daemon/builder/dockerfile/dispatchers.go
_RUN_FLAGS = ("--mount=", "--network=", "--security=")
_COPY_FLAGS = ("--link", "--chmod", "--exclude", "--parents", "--checksum")
_SYNTAX = re.compile(r"#[ \t]*syntax[ \t]*=", re.IGNORECASE)
_HEREDOC = re.compile(r"<<-?[\"']?\w")
_PRODUCT = re.compile(r"(?:^|/)(?:target|build/libs|out)/|\.war$")
_PRODUCTS = 20
"""Paths that are searched for in the source."""


@dataclass(frozen=True)
class _Instruction:
    name: str
    words: tuple[str, ...]


def recognise(source: Path) -> KindMatch | None:
    """A ``Dockerfile`` in the top folder; sure when its last stage is a Tomcat and the repository has all it copies.

    Many Dockerfiles copy a WAR from ``target/``, which a fresh checkout does not have.
    """
    if sources.find_file(source, "Dockerfile") is None:
        return None
    stages = _stages(sources.read_text(source, "Dockerfile"))
    if not stages:
        return KindMatch("Dockerfile without FROM", sure=False)
    missing = _missing(source, _copied(stages[-1]))
    if missing:
        return KindMatch(f"Dockerfile that copies {missing[0]}, which something else must build first", sure=False)
    base = _base(stages)
    return KindMatch(f"Dockerfile from {base}", sure="tomcat" in base.lower())


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
    needs = buildkit_syntax(text)
    if needs:
        log.line(f"the Dockerfile uses {needs}: built by docker buildx")
        return WholeImage(build_with_buildx(tools, job, needs, log))
    return WholeImage(build_with_engine(tools, job, log))


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


def _stages(text: str) -> list[list[_Instruction]]:
    stages: list[list[_Instruction]] = []
    for instruction in _instructions(text):
        if instruction.name == "FROM":
            words = tuple(word for word in instruction.words if not word.startswith("--platform"))
            stages.append([_Instruction("FROM", words)])
        elif stages:
            stages[-1].append(instruction)
    return stages


def _base(stages: list[list[_Instruction]]) -> str:
    """The image that the last stage is based on, through the names of earlier stages."""
    named = {words[2].lower(): words[0] for words in (stage[0].words for stage in stages) if len(words) > 2}
    base = "".join(stages[-1][0].words[:1])
    for _ in stages:
        base = named.get(base.lower(), base)
    return base


def _copied(stage: list[_Instruction]) -> list[str]:
    """The paths of the repository that a stage copies."""
    paths = []
    for instruction in stage:
        if instruction.name in ("COPY", "ADD") and not any(word.startswith("--from") for word in instruction.words):
            words = [word.strip('[]",') for word in instruction.words if not word.startswith("--")]
            paths += [word.removeprefix("./").lstrip("/") for word in words[:-1]]
    return paths


def _missing(source: Path, copied: Iterable[str]) -> list[str]:
    """The products of a build among these paths or globs that the source does not have; of very many, some."""
    products = [path for path in dict.fromkeys(copied) if _PRODUCT.search(path)][:_PRODUCTS]
    files = [*sources.list_files(source, "")] if products else []
    return [path for path in products if not _exists(files, path)]


def _exists(files: Sequence[str], path: str) -> bool:
    fits = Globs((path, f"{path.rstrip('/')}/**"))
    return any(map(fits.match, files))
