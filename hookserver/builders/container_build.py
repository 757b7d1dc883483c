"""Run a build's commands in a limited container that holds the source, and take the WAR out of it."""

from __future__ import annotations

import os
import secrets
import select
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import docker.types

from hookserver.builders import source, truststore
from hookserver.builders.engine import APP, STATE_DIR, Engine
from hookserver.builders.job import BuildJob, War
from hookserver.builders.output import Cause, Frames, Lines, listed
from hookserver.builders.translate import translated
from hookserver.builders.war_choice import choose_war
from hookserver.config.values import format_duration, format_size
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError

_FOLDER = "source"
_SCRIPT = f'cd /{_FOLDER} && "$@" || exit $?; echo "$0"; find . -name "*.war" -type f'
_PROCESSES = 2048
_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"]
_WAR_LIMIT = 4 << 30
_OUTPUT = {"stream": 1, "stdout": 1, "stderr": 1}
_NOISE = "Picked up JAVA_TOOL_OPTIONS: "


@dataclass(frozen=True)
class Recipe:
    """How a kind of build runs.

    ``command`` runs in the source's folder; ``caches`` are the names of volumes by where they are mounted; ``folder``
    is the name of the folder that its tool leaves WARs in; ``is_error`` knows the tool's own error lines.
    """

    image: str
    command: tuple[str, ...]
    caches: Mapping[str, str]
    folder: str
    is_error: Callable[[str], bool]
    env: Mapping[str, str] = field(default_factory=dict)


class _Told:
    """The output's way to the log; what comes after the mark is the list of WARs."""

    def __init__(self, recipe: Recipe, log: DeployLog, mark: str) -> None:
        self.cause = Cause(recipe.is_error)
        self.wars: list[str] = []
        self._log = log
        self._mark = mark
        self._ended = False

    def line(self, line: str) -> None:
        if self._ended:
            self.wars.append(line.removeprefix("./"))
            return
        line, mark, _ = line.partition(self._mark)
        self._ended = bool(mark)
        if not line.startswith(_NOISE) and not (mark and not line):
            self.cause.see(line)
            self._log.line(line or " ")


def build_in_container(engine: Engine, job: BuildJob, recipe: Recipe, log: DeployLog) -> War:
    """Run the recipe on the job's source; its output goes to the log, line by line.

    Raises BuildError with the cause: the tool's own errors, out of memory, out of time, no WAR or several.
    """
    engine.have_image(recipe.image, "build.image", log)
    until = time.monotonic() + job.app.build.timeout
    mark = secrets.token_hex(16)
    told = _Told(recipe, log, mark)
    settings = _container_settings(engine, job, recipe, mark)
    with engine.container(job.app.name, job.deploy, recipe.image, "build", **settings) as container:
        with source.packed(job.source, job.work, _FOLDER) as archive, translated("copy the source into the build"):
            engine.api.put_archive(container, "/", archive)
        exit_code = _run(engine, container, until, told.line)
        if exit_code is None:
            raise _out_of_time(job, told.cause)
        if exit_code != 0:
            raise _failed(engine, container, job, exit_code, told.cause)
        war = choose_war(sorted(told.wars), job.app.build.war, recipe.folder)
        log.line(f"the WAR: {war}")
        place = job.work / "app.war"
        with place.open("wb") as file:
            engine.copy_out(container, f"/{_FOLDER}/{war}", file, _WAR_LIMIT)
    return War(place)


def _container_settings(engine: Engine, job: BuildJob, recipe: Recipe, mark: str) -> dict[str, Any]:
    build = job.app.build
    env = {**recipe.env, **build.env}
    if build.ca_bundle is not None:
        env = truststore.environment(env)
    return {
        "entrypoint": ["sh", "-c", _SCRIPT, mark],
        "command": list(recipe.command),
        "environment": env,
        "user": "0:0",
        "host_config": engine.api.create_host_config(
            mounts=_mounts(engine, job, recipe),
            mem_limit=build.memory,
            memswap_limit=build.memory,
            nano_cpus=round(build.cpus * 1e9),
            pids_limit=_PROCESSES,
            cap_drop=["ALL"],
            cap_add=_CAPABILITIES,
            security_opt=["no-new-privileges"],
            log_config=docker.types.LogConfig(type="none"),
        ),
    }


def _mounts(engine: Engine, job: BuildJob, recipe: Recipe) -> list[docker.types.Mount]:
    build = job.app.build
    labels = {STATE_DIR: str(engine.state.root), APP: job.app.name}
    mounts = [docker.types.Mount(place, name, type="volume", labels=labels) for place, name in recipe.caches.items()]
    if build.ca_bundle is not None:
        files = truststore.mounts(build.ca_bundle, engine.state.cache)
        mounts += [docker.types.Mount(place, str(file), type="bind", read_only=True) for file, place in files.items()]
    for volume in build.volumes:
        host, place, *_ = volume.split(":")
        named = not host.startswith("/")
        mounts.append(docker.types.Mount(place, host, type="volume" if named else "bind", read_only=True))
    return mounts


def _run(engine: Engine, container: str, until: float, tell: Callable[[str], None]) -> int | None:
    """Start it and tell its lines; answers its exit code, or None when the time was over first."""
    frames, lines = Frames(), Lines()
    with translated("run the build"):
        with engine.stream(f"containers/{container}/attach", _OUTPUT) as output:
            engine.api.start(container)
            for data in _received(output.raw.fileno(), until):
                if data is None:
                    return None
                for part in frames.feed(data):
                    for line in lines.feed(part):
                        tell(line)
        for line in lines.end():
            tell(line)
        return int(engine.api.wait(container)["StatusCode"])


def _received(stream: int, until: float) -> Iterator[bytes | None]:
    """What comes from a socket until its end; None as the last when the time is over."""
    while (left := until - time.monotonic()) > 0:
        readable, _, _ = select.select([stream], [], [], left)
        if readable:
            data = os.read(stream, 1 << 16)
            if not data:
                return
            yield data
    yield None


def _out_of_time(job: BuildJob, cause: Cause) -> BuildError:
    limit = format_duration(job.app.build.timeout)
    return BuildError(
        f"the build was stopped after {limit}; its last lines:\n{listed(cause.last())}",
        f"Raise build.timeout (now {limit}) if it needs longer, or see above what it waits for.",
    )


def _failed(engine: Engine, container: str, job: BuildJob, exit_code: int, cause: Cause) -> BuildError:
    with translated("look at the failed build"):
        killed = engine.api.inspect_container(container)["State"]["OOMKilled"]
    limit = format_size(job.app.build.memory)
    if killed or cause.tells_of("java.lang.OutOfMemoryError") or cause.tells_of("GC overhead limit exceeded"):
        return BuildError(
            f"the build ran out of memory (exit code {exit_code}):\n{listed(cause.lines())}",
            f"Raise build.memory (now {limit}).",
        )
    return BuildError(
        f"the build failed (exit code {exit_code}):\n{listed(cause.lines())}",
        "Mend the project, then push again; the whole output is in the deploy's log.",
    )
