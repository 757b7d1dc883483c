"""Projects that bring a ``Dockerfile``: built by Docker's classic builder, or by buildx where its syntax needs that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from hookserver.builders.job import BuildJob, Seen, WholeImage
from hookserver.builders.running import source as sources
from hookserver.builders.running.buildx import build_with_buildx
from hookserver.builders.running.docker_build import build_with_engine
from hookserver.builders.running.tools import BuildTools
from hookserver.builders.wars.choice import matches
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError

looks_for = "a Dockerfile (dockerfile)"
brings_server = True

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


def recognise(source: Path) -> Seen | None:
    """A ``Dockerfile`` at the top; sure when it ends in a Tomcat and the repository has what it copies.

    The many that only wrap what a build leaves in ``target/`` are of no use on a fresh checkout.
    """
    if sources.find(source, "Dockerfile") is None:
        return None
    stages = _stages(sources.read(source, "Dockerfile"))
    if not stages:
        return Seen("Dockerfile without FROM", sure=False)
    missing = [path for path in _copied(stages[-1]) if _PRODUCT.search(path) and not _is_there(source, path)]
    if missing:
        return Seen(f"Dockerfile that copies {missing[0]}, which something else must build first", sure=False)
    base = _base(stages)
    return Seen(f"Dockerfile from {base}", sure="tomcat" in base.lower())


def fingerprint(job: BuildJob) -> str:
    """Nothing beside the commit and the settings."""
    del job
    return ""


def make(tools: BuildTools, job: BuildJob, log: DeployLog) -> WholeImage:
    """Raises BuildError with the builder's own last lines."""
    text = sources.read(job.source, "Dockerfile")
    if not text:
        raise BuildError("there is no Dockerfile at the top of the repository", 'Add one, or set build.kind = "auto".')
    build = job.app.build
    unused = [
        name for name in ("command", "env", "env_files", "volumes", "ca_bundle", "offline") if getattr(build, name)
    ]
    if unused:
        log.line(f"NOTE: a Dockerfile's build takes no build.{', build.'.join(unused)}")
    needs = buildkit_syntax(text)
    if needs:
        log.line(f"the Dockerfile uses {needs}: built by docker buildx")
        return WholeImage(build_with_buildx(tools, job, needs, log))
    return WholeImage(build_with_engine(tools, job, log))


def buildkit_syntax(text: str) -> str:
    """What in a Dockerfile only BuildKit understands; empty: nothing."""
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
    """The image that the last stage begins with, through the names of earlier stages."""
    named = {words[2].lower(): words[0] for words in (stage[0].words for stage in stages) if len(words) > 2}
    base = "".join(stages[-1][0].words[:1])
    for _ in stages:
        base = named.get(base.lower(), base)
    return base


def _copied(stage: list[_Instruction]) -> list[str]:
    """What a stage takes from the repository."""
    paths = []
    for instruction in stage:
        if instruction.name in ("COPY", "ADD") and not any(word.startswith("--from") for word in instruction.words):
            words = [word.strip('[]",') for word in instruction.words if not word.startswith("--")]
            paths += [word.removeprefix("./").lstrip("/") for word in words[:-1]]
    return paths


def _is_there(source: Path, path: str) -> bool:
    folder = f"{path.rstrip('/')}/"
    return any(matches(name, path) or name.startswith(folder) for name in sources.files(source, ""))
