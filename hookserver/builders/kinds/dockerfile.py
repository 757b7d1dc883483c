"""Projects with a ``Dockerfile``: built with Docker's classic builder, or with buildx if the syntax needs BuildKit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from hookserver.builders.job import BuildJob, KindMatch, WholeImage
from hookserver.builders.running import source as sources
from hookserver.builders.running.buildx import build_with_buildx
from hookserver.builders.running.docker_build import build_with_engine
from hookserver.builders.running.tools import BuildTools
from hookserver.builders.wars.choice import matches
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
_PRODUCT = re.compile(r"(?:^|/)(?:target|build/libs|out)/|\.war$")


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
    missing = [path for path in _copied(stages[-1]) if _PRODUCT.search(path) and not _exists(source, path)]
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
    return next((name for pattern, name in _BUILDKIT if pattern.search(text)), "")


def _stages(text: str) -> list[list[_Instruction]]:
    stages: list[list[_Instruction]] = []
    for line in re.sub(r"\\[ \t]*\r?\n", " ", text).splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        instruction = _Instruction(
            words[0].upper(), tuple(word for word in words[1:] if not word.startswith("--platform"))
        )
        if instruction.name == "FROM":
            stages.append([instruction])
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


def _exists(source: Path, path: str) -> bool:
    folder = f"{path.rstrip('/')}/"
    return any(matches(name, path) or name.startswith(folder) for name in sources.list_files(source, ""))
