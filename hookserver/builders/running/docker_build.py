"""Build a Dockerfile with the engine's classic builder, within the app's limits of memory, CPU and time."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO

import requests

from hookserver.builders.job import BuildJob
from hookserver.builders.running import source as sources
from hookserver.builders.running.build_cgroup import Cgroup
from hookserver.builders.running.build_context import included_paths
from hookserver.builders.running.failure_cause import Cause
from hookserver.builders.running.tools import BuildTools
from hookserver.config.units import format_size
from hookserver.deploy_log import DeployLog
from hookserver.engine.client import CPU_PERIOD
from hookserver.engine.messages import failure
from hookserver.engine.output import LineReader, read_lines
from hookserver.errors import BuildError, indented


def build_with_engine(
    tools: BuildTools, job: BuildJob, cgroup: Cgroup, labels: Mapping[str, str], log: DeployLog
) -> str:
    """The id of the built image, which has the ``labels``; its steps run below ``cgroup``.

    Raises BuildError with the builder's last lines.

    The parameters are those of ImageBuild, of which docker-py does not pass the CPU quota on:
    https://docs.docker.com/reference/api/engine/version/v1.41/
    """
    build = job.app.build
    query: dict[str, str | int] = {
        "dockerfile": "Dockerfile",
        "rm": 1,
        "forcerm": 1,
        "nocache": int(job.rebuild),
        "memory": build.memory,
        "memswap": build.memory,
        # Not in the documentation: newImageBuildOptions() in
        # https://github.com/moby/moby/blob/v20.10.24/api/server/router/build/build_routes.go
        "cgroupparent": cgroup.parent,
        "networkmode": tools.network(job.subnet),
        "cpuperiod": CPU_PERIOD,
        "cpuquota": round(build.cpus * CPU_PERIOD),
        "labels": json.dumps(dict(labels)),
    }
    cause = Cause(lambda _: False)
    with (
        tools.engine.doing("build the Dockerfile"),
        _context(job) as context,
        # A step may print nothing until the build's own time limit, which ends it first.
        tools.engine.stream("build", query, context, silence=2 * build.timeout) as answer,
    ):
        with _ended_after(answer, job.seconds_left()) as over:
            image = _follow(answer, cause, job, log)
        if over.is_set():
            raise cause.out_of_time(job.app.build.timeout)
    if not image:
        raise BuildError(cause.describe_end("the build ended early"), "Deploy again.")
    return image


def _follow(answer: requests.Response, cause: Cause, job: BuildJob, log: DeployLog) -> str:
    """Log the builder's messages; the id of the image, empty when the stream ends without one."""
    image, lines = "", LineReader()

    def report(texts: Iterable[str]) -> None:
        for text in filter(None, texts):
            cause.add(text)
            log.line(text)

    try:
        for line in answer.iter_lines(chunk_size=None):
            message = json.loads(line) if line else {}
            # A step's output comes in parts of any length, a status in one.
            report(lines.feed(str(message.get("stream", "")).encode(errors="replace")))
            if "status" in message:
                report((*lines.end(), *read_lines([str(message["status"]).encode(errors="replace")])))
            image = message.get("aux", {}).get("ID", image)
            if problem := failure(message):
                report(lines.end())
                raise _failed(problem, job, cause)
        report(lines.end())
    except (requests.RequestException, ValueError):
        return ""
    return image


@contextmanager
def _ended_after(answer: requests.Response, seconds: float) -> Iterator[threading.Event]:
    """Close the connection after this time, and set the event.

    The engine cancels a build whose client disconnects: ImageBuild in
    https://docs.docker.com/reference/api/engine/version/v1.41/
    """
    over = threading.Event()
    connection = socket.socket(fileno=os.dup(answer.raw.fileno()))

    def end() -> None:
        over.set()
        # close() would not wake the thread that reads; shutdown(2) ends its recv().
        connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()
        connection.close()


@contextmanager
def _context(job: BuildJob) -> Iterator[IO[bytes]]:
    """The source as a tar file, without the files that ``.dockerignore`` excludes."""
    paths = included_paths(job.source, sources.read_text(job.source, ".dockerignore"))
    with sources.pack_source(job.source, job.work, paths=paths) as packed:
        yield packed


def _failed(problem: str, job: BuildJob, cause: Cause) -> BuildError:
    shown = f"the Dockerfile's build failed: {problem.strip()}\n{indented(cause.last_lines())}"
    # The text of the classic builder: https://github.com/moby/moby/blob/master/daemon/builder/dockerfile/dispatchers.go
    if "returned a non-zero code: 137" in problem:
        limit = format_size(job.app.build.memory)
        return BuildError(shown, f"Exit code 137 (SIGKILL) mostly means no memory: raise build.memory (now {limit}).")
    return BuildError(shown, "Fix the Dockerfile, then push again; the whole output is in the deploy's log.")
