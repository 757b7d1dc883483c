"""Run a build's commands in a limited container that holds the source, and take the WAR out of it."""

from __future__ import annotations

import os
import select
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

import docker.types

from hookserver.builders.job import BuildJob, War
from hookserver.builders.running import source, truststore
from hookserver.builders.running.advice import advice
from hookserver.builders.running.output import Cause, listed
from hookserver.builders.running.tools import BuildTools
from hookserver.builders.wars.choice import choose_war
from hookserver.config.secrets import plain
from hookserver.config.values import format_duration, format_size
from hookserver.deploy_log import DeployLog
from hookserver.engine.client import CPU_PERIOD
from hookserver.engine.images import ensure_image
from hookserver.engine.labels import APP, STATE_DIR
from hookserver.engine.output import FrameReader, LineReader
from hookserver.errors import BuildError

_FOLDER = "source"
_ALWAYS = "hookserver-build"
# Both outputs of the build go to one stream, since Docker sends two in any order; the other brings the WARs.
_SCRIPT = f"""exec 3>&1 1>&2
cd /{_FOLDER} && "$@" 3>&- || exit $?
cd / && : >{_ALWAYS} || exit $?
find {_ALWAYS} {_FOLDER} -type f '(' -name {_ALWAYS} -o -name '*.war' ')' -exec tar -c {{}} + >&3"""
_PROCESSES = 2048
_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"]
_WARS_LIMIT = 4 << 30
_STDOUT = 1
_KILLED = 137
_ATTACH = {"stream": 1, "stdout": 1, "stderr": 1}
_NOISE = "Picked up JAVA_TOOL_OPTIONS: "


@dataclass(frozen=True)
class Recipe:
    """How a kind of build runs.

    ``command`` runs in the source's folder; ``caches`` are the names of volumes by where they are mounted; ``folder``
    is the name of the folder that its tool leaves WARs in (empty: any), ``war`` a glob for the one to take, if it was
    named; ``is_error`` knows the tool's own error lines, ``heading`` is the one that its cause follows (see
    ``Cause``); ``advice`` is the remedy by a text that the output has.
    """

    image: str
    command: tuple[str, ...]
    caches: Mapping[str, str]
    folder: str
    is_error: Callable[[str], bool]
    heading: str = ""
    war: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    advice: Mapping[str, str] = field(default_factory=dict)


class _Output:
    """What the container sends: the build's output, told line by line, and the tar file of WARs, kept on disk."""

    def __init__(self, cause: Cause, log: DeployLog, wars: IO[bytes]) -> None:
        self._cause = cause
        self._log = log
        self._wars = wars
        self._frames = FrameReader()
        self._lines = LineReader()

    def feed(self, data: bytes) -> None:
        """Raises BuildError when the WARs are too large."""
        for stream, part in self._frames.feed(data):
            if stream == _STDOUT:
                self._wars.write(part)
                if self._wars.tell() > _WARS_LIMIT:
                    raise BuildError(f"the WARs are larger than {_WARS_LIMIT >> 30} GB", "Leave fewer in the project.")
            else:
                self._tell(self._lines.feed(part))

    def end(self) -> None:
        self._tell(self._lines.end())

    def _tell(self, lines: Iterable[str]) -> None:
        for line in lines:
            if not line.startswith(_NOISE):
                self._cause.see(line)
                self._log.line(line or " ")


def build_in_container(tools: BuildTools, job: BuildJob, recipe: Recipe, log: DeployLog) -> War:
    """Run the recipe on the job's source; its output goes to the log, line by line.

    Raises BuildError with the cause: the tool's own errors, out of memory, out of time, no WAR or several.
    """
    ensure_image(tools.engine, recipe.image, "build.image", log.line)
    until = time.monotonic() + job.app.build.timeout
    cause = Cause(recipe.is_error, recipe.heading)
    with (
        tempfile.TemporaryFile(dir=job.work) as wars,
        tools.containers.create(
            job.app.name, job.deploy, recipe.image, "build", **_container_settings(tools, job, recipe)
        ) as container,
    ):
        with (
            source.packed(job.source, job.work, _FOLDER) as archive,
            tools.engine.doing("copy the source into the build"),
        ):
            tools.engine.api.put_archive(container, "/", archive)
        if not _run(tools, container, until, _Output(cause, log, wars)):
            raise _out_of_time(job, cause)
        if not wars.tell():
            raise _failed(tools, container, job, recipe, cause)
        wars.seek(0)
        return _taken_out(tools, wars, job, recipe, log)


def _taken_out(tools: BuildTools, wars: IO[bytes], job: BuildJob, recipe: Recipe, log: DeployLog) -> War:
    place = job.work / "app.war"
    with tools.engine.doing("take the WAR out of the build"), tarfile.open(fileobj=wars) as archive:
        found = {entry.name.removeprefix(f"{_FOLDER}/"): entry for entry in archive if entry.isreg()}
        name = choose_war(sorted(found.keys() - {_ALWAYS}), recipe.war, recipe.folder)
        log.line(f"the WAR: {name}")
        content = archive.extractfile(found[name])
        with place.open("wb") as file:
            shutil.copyfileobj(content, file, 1 << 20)  # type: ignore[arg-type]  # a regular file has content
    return War(place)


def _container_settings(tools: BuildTools, job: BuildJob, recipe: Recipe) -> dict[str, Any]:
    build = job.app.build
    env = {**recipe.env, **plain(build.env), **_secrets(job)}
    if build.ca_bundle is not None:
        env = truststore.environment(env)
    return {
        "entrypoint": ["sh", "-c", _SCRIPT, "build"],
        "command": list(recipe.command),
        "environment": env,
        "user": "0:0",
        "host_config": tools.engine.api.create_host_config(
            mounts=_mounts(tools, job, recipe),
            mem_limit=build.memory,
            memswap_limit=build.memory,
            cpu_period=CPU_PERIOD,
            cpu_quota=round(build.cpus * CPU_PERIOD),
            pids_limit=_PROCESSES,
            cap_drop=["ALL"],
            cap_add=_CAPABILITIES,
            security_opt=["no-new-privileges"],
            log_config=docker.types.LogConfig(type="none"),
            network_mode="none" if build.offline else "default",
        ),
    }


def _secrets(job: BuildJob) -> dict[str, str]:
    try:
        return job.app.build.secrets()
    except (OSError, UnicodeDecodeError) as error:
        raise BuildError(
            f"a file of build.env_files cannot be read: {error}", "Name text files that hookserver may read."
        ) from error


def _mounts(tools: BuildTools, job: BuildJob, recipe: Recipe) -> list[docker.types.Mount]:
    build = job.app.build
    labels = {STATE_DIR: str(tools.state.root), APP: job.app.name}
    mounts = [docker.types.Mount(place, name, type="volume", labels=labels) for place, name in recipe.caches.items()]
    if build.ca_bundle is not None:
        files = truststore.mounts(build.ca_bundle, tools.state.cache)
        mounts += [docker.types.Mount(place, str(file), type="bind", read_only=True) for file, place in files.items()]
    for volume in build.volumes:
        host, place, *_ = volume.split(":")
        named = not host.startswith("/")
        mounts.append(docker.types.Mount(place, host, type="volume" if named else "bind", read_only=True))
    return mounts


def _run(tools: BuildTools, container: str, until: float, output: _Output) -> bool:
    """Start it and take its output; whether it ended in time."""
    with tools.engine.doing("run the build"), tools.engine.stream(f"containers/{container}/attach", _ATTACH) as answer:
        tools.engine.api.start(container)
        for data in _received(answer.raw.fileno(), until):
            if data is None:
                return False
            output.feed(data)
    output.end()
    return True


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


def _failed(tools: BuildTools, container: str, job: BuildJob, recipe: Recipe, cause: Cause) -> BuildError:
    with tools.engine.doing("inspect the failed build"):
        exit_code = tools.engine.api.wait(container)["StatusCode"]
        killed = tools.engine.api.inspect_container(container)["State"]["OOMKilled"]
    limit = format_size(job.app.build.memory)
    lacked_memory = killed or any(map(cause.tells_of, ("java.lang.OutOfMemoryError", "GC overhead limit exceeded")))
    if lacked_memory or exit_code == _KILLED:  # Docker does not always learn in time of what the kernel killed
        told = "the build ran out of memory" if lacked_memory else "the build was killed, as it is when out of memory"
        return BuildError(cause.told(f"{told} (exit code {exit_code})"), f"Raise build.memory (now {limit}).")
    if job.app.build.offline and cause.tells_of("offline mode"):
        return BuildError(
            cause.told(f"the build failed (exit code {exit_code})"),
            "The app's cache lacks it: deploy once with build.offline = false.",
        )
    usual = "Mend the project, then push again; the whole output is in the deploy's log."
    remedy = advice(cause.tells_of, recipe.advice, usual)
    return BuildError(cause.told(f"the build failed (exit code {exit_code})"), remedy)
