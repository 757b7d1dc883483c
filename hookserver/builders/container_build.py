"""Run a build's commands in a limited container that holds the source, and take the WAR out of it."""

from __future__ import annotations

import fnmatch
import io
import os
import select
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import docker.types

from hookserver.builders import source, truststore
from hookserver.builders.engine import APP, STATE_DIR, Engine, translated
from hookserver.builders.job import BuildJob, War
from hookserver.builders.output import Cause, Frames, Lines
from hookserver.config.values import format_duration, format_size
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError

FOLDER = "source"
"""Where the source lies in the container, below the root."""
_FOUND = "/hookserver-wars"
_SCRIPT = f"""cd /{FOLDER} && "$@" || exit $?
find . -name '*.war' -type f > {_FOUND}"""
_PROCESSES = 2048
_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"]
_WAR_LIMIT = 4 << 30
_SIDE_PRODUCTS = ("-sources.war", "-javadoc.war", "-tests.war")
_NOISE = "Picked up JAVA_TOOL_OPTIONS: "


@dataclass(frozen=True)
class Recipe:
    """How a kind of build runs.

    ``command`` runs in the source's folder; ``caches`` are named volumes by where they are mounted; ``folder`` is the
    name of the folder that its tool leaves WARs in; ``is_error`` knows the tool's own error lines.
    """

    image: str
    command: tuple[str, ...]
    caches: Mapping[str, str]
    folder: str
    is_error: Callable[[str], bool]
    env: Mapping[str, str] = field(default_factory=dict)


def build_in_container(engine: Engine, job: BuildJob, recipe: Recipe, log: DeployLog) -> War:
    """Run the recipe on the job's source; its output goes to the log, line by line.

    Raises BuildError with the cause: the tool's own errors, out of memory, out of time, no WAR or several.
    """
    until = time.monotonic() + job.app.build.timeout
    engine.have_image(recipe.image, "build.image", log)
    settings = _container_settings(engine, job, recipe)
    with engine.container(job.app.name, job.deploy, recipe.image, "build", **settings) as container:
        with source.packed(job.source, job.work, FOLDER) as archive, translated("copy the source into the build"):
            engine.api.put_archive(container, "/", archive)
        cause = Cause(recipe.is_error)
        exit_code = _run(engine, container, until, lambda line: _tell(line, cause, log))
        if exit_code is None:
            raise _out_of_time(job, cause)
        if exit_code != 0:
            raise _failed(engine, container, job, exit_code, cause)
        found = _read_list(engine, container)
        war = choose_war(found, job.app.build.war, recipe.folder)
        log.line(f"the WAR: {war}")
        return War(_take_out(engine, container, f"/{FOLDER}/{war}", job.work / "app.war"))


def choose_war(found: list[str], pattern: str, folder: str) -> str:
    """The one WAR among the paths that a build left, relative to the project. Raises BuildError when it is not one.

    ``pattern`` is ``build.war``; empty: the WARs that lie directly in a folder called ``folder``.
    """
    if pattern:
        wars = [path for path in found if matches(path, pattern)]
    else:
        built = [path for path in found if PurePosixPath(path).parent.name == folder]
        wars = [path for path in built if not path.endswith(_SIDE_PRODUCTS)]
    if len(wars) == 1:
        return wars[0]
    where = f"build.war = {pattern!r}" if pattern else f"**/{folder}/*.war"
    others = [path for path in found if path not in wars]
    if wars:
        raise BuildError(
            f"several WARs fit {where}:\n{_listed(wars)}",
            'Name the one to deploy in build.war, a path or a glob such as "web/target/*.war".',
        )
    if others:
        raise BuildError(f"no WAR fits {where}; there are:\n{_listed(others)}", "Name the one to deploy in build.war.")
    raise BuildError(
        f"the build left no WAR ({where})",
        "Let the project make one (Maven: <packaging>war</packaging>), or set build.command to what does.",
    )


def matches(path: str, pattern: str) -> bool:
    """Whether a relative path fits a glob in which ``**/`` stands for any folders, none included."""
    pattern = pattern.removeprefix("./")
    variants = {pattern, pattern.replace("**/", "", 1)} if pattern.startswith("**/") else {pattern}
    depth = path.count("/")
    return any(
        fnmatch.fnmatchcase(path, variant) and ("**" in variant or variant.count("/") == depth) for variant in variants
    )


def _container_settings(engine: Engine, job: BuildJob, recipe: Recipe) -> dict[str, Any]:
    build = job.app.build
    env = {**recipe.env, **build.env}
    files = {}
    if build.ca_bundle is not None:
        env = truststore.environment(env)
        files = truststore.mounts(build.ca_bundle, engine.state.cache)
    mounts = [
        docker.types.Mount(place, name, type="volume", labels={STATE_DIR: str(engine.state.root), APP: job.app.name})
        for place, name in recipe.caches.items()
    ]
    mounts += [docker.types.Mount(place, str(file), type="bind", read_only=True) for file, place in files.items()]
    for volume in build.volumes:
        host, place, *_ = volume.split(":")
        named = not host.startswith("/")
        mounts.append(docker.types.Mount(place, host, type="volume" if named else "bind", read_only=True))
    return {
        "entrypoint": ["sh", "-c", _SCRIPT, "build"],
        "command": list(recipe.command),
        "environment": env,
        "user": "0:0",
        "host_config": engine.api.create_host_config(
            mounts=mounts,
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


def _run(engine: Engine, container: str, until: float, tell: Callable[[str], None]) -> int | None:
    """Start it and tell its lines; answers its exit code, or None when the time was over first."""
    with translated("start the build"):
        stream = engine.api.attach_socket(container, params={"stream": 1, "stdout": 1, "stderr": 1})
        engine.api.start(container)
    frames, lines = Frames(), Lines()
    with stream:
        for data in _received(stream.fileno(), until):
            if data is None:
                return None
            for part in frames.feed(data):
                for line in lines.feed(part):
                    tell(line)
    for line in lines.end():
        tell(line)
    with translated("wait for the build"):
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


def _tell(line: str, cause: Cause, log: DeployLog) -> None:
    if not line.startswith(_NOISE):
        cause.see(line)
        log.line(line or " ")


def _out_of_time(job: BuildJob, cause: Cause) -> BuildError:
    limit = format_duration(job.app.build.timeout)
    return BuildError(
        f"the build was stopped after {limit}; its last lines:\n{_listed(cause.last())}",
        f"Raise build.timeout (now {limit}) if it needs longer, or see above what it waits for.",
    )


def _failed(engine: Engine, container: str, job: BuildJob, exit_code: int, cause: Cause) -> BuildError:
    with translated("look at the failed build"):
        killed = engine.api.inspect_container(container)["State"]["OOMKilled"]
    limit = format_size(job.app.build.memory)
    if killed or cause.tells_of("java.lang.OutOfMemoryError") or cause.tells_of("GC overhead limit exceeded"):
        return BuildError(
            f"the build ran out of memory (exit code {exit_code}):\n{_listed(cause.lines())}",
            f"Raise build.memory (now {limit}).",
        )
    return BuildError(
        f"the build failed (exit code {exit_code}):\n{_listed(cause.lines())}",
        "Mend the project, then push again; the whole output is in the deploy's log.",
    )


def _read_list(engine: Engine, container: str) -> list[str]:
    listed = io.BytesIO()
    engine.copy_out(container, _FOUND, listed, 16 << 20)
    paths = listed.getvalue().decode("utf-8", "replace").splitlines()
    return sorted(path.removeprefix("./") for path in paths)


def _take_out(engine: Engine, container: str, path: str, place: Path) -> Path:
    with place.open("wb") as file:
        engine.copy_out(container, path, file, _WAR_LIMIT)
    return place


def _listed(lines: list[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)
