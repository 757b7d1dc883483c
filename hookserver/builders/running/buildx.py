"""Build a Dockerfile by the ``docker buildx`` of this machine, which knows no limit of memory or CPU."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from hookserver.builders.job import BuildJob
from hookserver.builders.running.docker_build import labels, out_of_time
from hookserver.builders.running.output import Cause, listed
from hookserver.builders.running.tools import BuildTools
from hookserver.deploy_log import DeployLog
from hookserver.engine.images import image_id
from hookserver.engine.output import LineReader
from hookserver.errors import BuildError
from hookserver.state.deploy_processes import TAG, kill_orphans

_PATIENCE = 30.0


def build_with_buildx(tools: BuildTools, job: BuildJob, needs: str, log: DeployLog) -> str:
    """Answers the image's id. Raises BuildError when there is no buildx, or with the builder's own last lines."""
    if not _has_buildx(tools, job):
        raise BuildError(
            f"the Dockerfile uses {needs}, which needs BuildKit, and there is no docker buildx on this machine",
            "Install docker-buildx-plugin, or write the Dockerfile without it.",
        )
    log.line("NOTE: build.memory and build.cpus do not hold for buildx")
    metadata = job.work / "image.json"
    named = [f"--label={key}={value}" for key, value in labels(tools, job).items()]
    fresh = ["--no-cache"] if job.rebuild else []
    command = ["build", "--progress=plain", "--load", f"--metadata-file={metadata}", *named, *fresh, str(job.source)]
    cause = Cause(lambda _: False)

    def hear(line: str) -> None:
        cause.see(line)
        log.line(line or " ")

    code = _run(tools, job, command, job.app.build.timeout, hear)
    if code is None:
        raise out_of_time(job, cause)
    if code != 0:
        said = next((f": {line}" for line in reversed(cause.last()) if line.startswith("ERROR: ")), "; its last lines:")
        raise BuildError(
            f"the Dockerfile's build failed{said}\n{listed(cause.last())}", "Mend the Dockerfile, then push again."
        )
    return _built(tools, metadata)


def _built(tools: BuildTools, metadata: Path) -> str:
    """Which of its digests is the image's id, only the engine knows: it depends on how that one keeps images."""
    with tools.engine.doing("read what buildx tells of the image"):
        told = json.loads(metadata.read_text(encoding="utf-8"))
    digests = [told[key] for key in ("containerimage.digest", "containerimage.config.digest") if key in told]
    for digest in digests:
        if image := image_id(tools.engine, digest):
            return image
    raise BuildError(
        f"buildx has built {' or '.join(digests) or 'no image'}, which Docker does not have",
        "Let buildx build for this very engine: `docker buildx use default`.",
    )


def _has_buildx(tools: BuildTools, job: BuildJob) -> bool:
    if shutil.which("docker") is None:
        return False
    code = _run(tools, job, ["version"], _PATIENCE, lambda _line: None)
    if code is None:
        raise BuildError(f"`docker buildx version` gave no answer in {_PATIENCE:.0f} s", "Run it by hand.")
    return code == 0


def _run(
    tools: BuildTools, job: BuildJob, arguments: Sequence[str], seconds: float, hear: Callable[[str], None]
) -> int | None:
    """Answers the exit code; None when it did not end within ``seconds``.

    The docker command does its work in a child, the plugin: its end does not end that one. So both, and whatever they
    start, carry the deploy's tag; by it they are found here, and by those who end or undo the deploy.
    """
    tag = tools.state.tag(job.deploy)
    over = threading.Event()

    def end() -> None:
        over.set()
        kill_orphans(tag)

    lines = LineReader()
    with subprocess.Popen(
        ["docker", "buildx", *arguments],
        env={**_environment(tools), TAG: tag},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        timer = threading.Timer(seconds, end)
        timer.start()
        try:
            assert process.stdout is not None
            while part := os.read(process.stdout.fileno(), 1 << 16):
                for line in lines.feed(part):
                    hear(line)
            for line in lines.end():
                hear(line)
            process.wait()
        finally:
            timer.cancel()
            kill_orphans(tag)
    return None if over.is_set() else process.returncode


def _environment(tools: BuildTools) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "DOCKER_HOST": tools.engine.host}
