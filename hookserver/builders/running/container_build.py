"""Run a build's command in a limited container with the source, and take the WAR out of it."""

from __future__ import annotations

import os
import select
import signal
import tempfile
import time
from collections.abc import Iterable, Iterator
from typing import IO

from hookserver.builders.job import BuildJob, War
from hookserver.builders.running import source
from hookserver.builders.running.advice import advice
from hookserver.builders.running.failure_cause import Cause
from hookserver.builders.running.recipe import Recipe, container_settings
from hookserver.builders.running.tools import BuildTools
from hookserver.builders.wars.choice import choose_war
from hookserver.config.units import format_size
from hookserver.deploy_log import DeployLog
from hookserver.engine.images import describe, ensure_image
from hookserver.engine.output import FrameReader, LineReader
from hookserver.errors import BuildError
from hookserver.limits.tar import SIZE, Member, RefusedTar, read_tar

_FOLDER = "source"
_MARKER = "hookserver-build"
"""An empty file that is always in the tar file of WARs, so that an empty stream means a failed build."""
# The build's stdout and stderr both go to stderr, since Docker keeps no order between two streams. stdout carries the
# tar file of WARs.
_SCRIPT = f"""exec 3>&1 1>&2
cd /{_FOLDER} && "$@" 3>&- || exit $?
cd / && : >{_MARKER} || exit $?
find {_MARKER} {_FOLDER} -type f '(' -name {_MARKER} -o -name '*.war' ')' -exec tar -c {{}} + >&3"""
_ENTRYPOINT = ("sh", "-c", _SCRIPT, "build")
_STDOUT = 1
_KILLED = 128 + signal.SIGKILL
# ContainerAttach in the Engine API: https://docs.docker.com/reference/api/engine/version/v1.41/
_ATTACH = {"stream": 1, "stdout": 1, "stderr": 1}
# Every JVM prints this at its start: see truststore.environment.
_NOISE = "Picked up JAVA_TOOL_OPTIONS: "


class _Output:
    """The container's streams: the build's output goes to the log, line by line, the tar file of WARs to ``wars``."""

    def __init__(self, cause: Cause, log: DeployLog, wars: IO[bytes]) -> None:
        self._cause = cause
        self._log = log
        self._wars = wars
        self._frames = FrameReader()
        self._lines = LineReader()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream. Raises BuildError when the WARs are too large."""
        for stream, part in self._frames.feed(data):
            if stream == _STDOUT:
                self._wars.write(part)
                if self._wars.tell() > SIZE:
                    raise BuildError(f"the WARs are larger than {SIZE >> 30} GB", "Let the build make fewer WARs.")
            else:
                self._log_lines(self._lines.feed(part))

    def end(self) -> None:
        """Log a last line that no newline ended."""
        self._log_lines(self._lines.end())

    def _log_lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            if not line.startswith(_NOISE):
                self._cause.add(line)
                self._log.line(line or " ")


def build_in_container(tools: BuildTools, job: BuildJob, recipe: Recipe, log: DeployLog) -> War:
    """Run the recipe on the job's source, with its output in the log, line by line.

    Raises BuildError with the cause: the tool's own errors, out of memory, out of time, no WAR, or several.
    """
    ensure_image(tools.engine, recipe.image, "build.image", log.line)
    log.line(f"build.image: {describe(tools.engine, recipe.image)}")
    tools.network(job.subnet)
    cause = Cause(recipe.is_error, recipe.heading)
    with (
        tempfile.TemporaryFile(dir=job.work) as wars,
        tools.containers.create(
            job.app.name,
            job.deploy,
            recipe.image,
            "build",
            **container_settings(tools, job, recipe, _ENTRYPOINT),
        ) as container,
    ):
        with (
            source.pack_source(job.source, job.work, _FOLDER) as archive,
            tools.engine.doing("copy the source into the build"),
        ):
            tools.engine.api.put_archive(container, "/", archive)
        if not _run(tools, container, job.ends, _Output(cause, log, wars)):
            raise cause.out_of_time(job.app.build.timeout)
        if not wars.tell():
            raise _failed(tools, container, job, recipe, cause)
        wars.seek(0)
        return _take_war(tools, wars, job, recipe, log)


def _take_war(tools: BuildTools, wars: IO[bytes], job: BuildJob, recipe: Recipe, log: DeployLog) -> War:
    path = job.work / "app.war"
    with tools.engine.doing("take the WAR out of the build"):
        try:
            names = {_name(entry) for entry in read_tar(wars)}
            name = choose_war(sorted(names - {_MARKER}), recipe.war, recipe.folder)
            log.line(f"the WAR: {name}")
            wars.seek(0)
            with path.open("wb") as file:
                next(entry for entry in read_tar(wars) if _name(entry) == name).copy_to(file)
        except RefusedTar as error:
            raise BuildError(
                f"the WARs of the build are refused: {error}", "Let the build make plain files."
            ) from error
    return War(path)


def _name(entry: Member) -> str:
    if entry.kind != "file":
        raise RefusedTar(f"{entry.name:.100} is a {entry.kind}")
    return entry.name.removeprefix(f"{_FOLDER}/")


def _run(tools: BuildTools, container: str, deadline: float, output: _Output) -> bool:
    """Start the container and take its output; whether it ends before the deadline."""
    # Attached before the start: the stream begins at the request, so that later it would lack the first lines.
    with tools.engine.doing("run the build"), tools.engine.stream(f"containers/{container}/attach", _ATTACH) as answer:
        tools.engine.api.start(container)
        for data in _received(answer.raw.fileno(), deadline):
            if data is None:
                return False
            output.feed(data)
    output.end()
    return True


def _received(stream: int, deadline: float) -> Iterator[bytes | None]:
    """The data of a socket until its end; the last is None when the deadline passed."""
    while (left := deadline - time.monotonic()) > 0:
        readable, _, _ = select.select([stream], [], [], left)
        if readable:
            data = os.read(stream, 1 << 16)
            if not data:
                return
            yield data
    yield None


def _failed(tools: BuildTools, container: str, job: BuildJob, recipe: Recipe, cause: Cause) -> BuildError:
    with tools.engine.doing("inspect the failed build"):
        exit_code = tools.engine.api.wait(container)["StatusCode"]
        killed = tools.engine.api.inspect_container(container)["State"]["OOMKilled"]
    limit = format_size(job.app.build.memory)
    lacked_memory = killed or any(map(cause.mentions, ("java.lang.OutOfMemoryError", "GC overhead limit exceeded")))
    # Docker sets OOMKilled by an event of the cgroup, which may arrive after the exit; 137 is SIGKILL then.
    if lacked_memory or exit_code == _KILLED:
        problem = "the build ran out of memory" if lacked_memory else "the build was killed, probably out of memory"
        return BuildError(cause.describe(f"{problem} (exit code {exit_code})"), f"Raise build.memory (now {limit}).")
    if job.app.build.offline and cause.mentions("offline mode"):
        return BuildError(
            cause.describe(f"the build failed (exit code {exit_code})"),
            "The app's cache lacks a dependency: deploy once with build.offline = false.",
        )
    usual = "Fix the project, then push again; the whole output is in the deploy's log."
    remedy = advice(cause.mentions, recipe.advice, usual)
    return BuildError(cause.describe(f"the build failed (exit code {exit_code})"), remedy)
