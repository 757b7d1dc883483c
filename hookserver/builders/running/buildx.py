"""Build a Dockerfile with this machine's ``docker buildx``, whose only limits are those of a cgroup parent.

Source: https://docs.docker.com/reference/cli/docker/buildx/build/
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hookserver.builders.job import BuildJob
from hookserver.builders.running.build_cgroup import Cgroup, cpu_time
from hookserver.builders.running.failure_cause import Cause
from hookserver.builders.running.tools import BuildTools
from hookserver.deploy_log import DeployLog
from hookserver.engine.images import image_id
from hookserver.engine.metadata_address import set_reachable
from hookserver.engine.network import default_subnet
from hookserver.engine.output import LineReader
from hookserver.errors import BuildError, indented
from hookserver.limits.child import limited_command
from hookserver.state.deploy_processes import TAG, kill_orphans

_VERSION_TIMEOUT = 30.0
_PROBE_TIMEOUT = 60.0


def build_with_buildx(
    tools: BuildTools, job: BuildJob, needs: str, cgroup: Cgroup, labels: Mapping[str, str], log: DeployLog
) -> str:
    """The id of the built image, which has the ``labels``; its steps run below ``cgroup``.

    Raises BuildError when there is no buildx, or with the builder's last lines.
    """
    if not _has_buildx(tools, job):
        raise BuildError(
            f"the Dockerfile uses {needs}, which needs BuildKit, and there is no docker buildx on this machine",
            "Install docker-buildx-plugin, or write the Dockerfile without it.",
        )
    _check_confined(tools, job, cgroup)
    if not tools.allow_metadata:
        set_reachable(tools.engine, default_subnet(tools.engine), False)
    metadata = job.work / "image.json"
    label_options = [f"--label={key}={value}" for key, value in labels.items()]
    fresh = ["--no-cache"] if job.rebuild else []
    # --load: a builder other than the engine's own keeps the image to itself.
    options = [f"--cgroup-parent={cgroup.parent}", *label_options, *fresh]
    command = ["build", "--progress=plain", "--load", f"--metadata-file={metadata}", *options]
    cause = Cause(lambda _: False)

    def report(line: str) -> None:
        cause.add(line)
        log.line(line or " ")

    code = _run(tools, job, [*command, str(job.source)], job.seconds_left(), report)
    if code is None:
        raise cause.out_of_time(job.app.build.timeout)
    if code != 0:
        errors = (f": {line}" for line in reversed(cause.last_lines()) if line.startswith("ERROR: "))
        problem = next(errors, "; its last lines:")
        raise BuildError(
            f"the Dockerfile's build failed{problem}\n{indented(cause.last_lines())}",
            "Fix the Dockerfile, then push again; the whole output is in the deploy's log.",
        )
    return _built_image(tools, metadata)


def _check_confined(tools: BuildTools, job: BuildJob, cgroup: Cgroup) -> None:
    """Raise BuildError unless a ``RUN`` step runs below the cgroup: an old BuildKit or buildx ignores the option.

    The step is one that cannot run, since there may be no image with a program; its container takes CPU time before.
    """
    folder = job.work / "probe"
    folder.mkdir()
    (folder / "Dockerfile").write_text('FROM scratch\nCOPY Dockerfile /probe\nRUN ["/probe"]\n', encoding="ascii")
    before = cpu_time(cgroup)
    options = ["--no-cache", f"--cgroup-parent={cgroup.parent}"]
    _run(tools, job, ["build", *options, str(folder)], _PROBE_TIMEOUT, lambda _line: None)
    if cpu_time(cgroup) <= before:
        raise BuildError(
            "this BuildKit does not limit the steps of a Dockerfile: it ignores --cgroup-parent",
            "Update Docker to 23 or newer, and docker-buildx-plugin to 0.11.1 or newer; or write the Dockerfile "
            "without syntax of BuildKit.",
        )


def _built_image(tools: BuildTools, metadata: Path) -> str:
    """The image's id, which is one of two digests.

    The containerd image store uses the manifest's digest, the older store that of the image's configuration. The file
    has both: https://docs.docker.com/reference/cli/docker/buildx/build/#metadata-file
    """
    with tools.engine.doing("read the metadata file of buildx"):
        written = json.loads(metadata.read_text(encoding="utf-8"))
    digests = [written[key] for key in ("containerimage.digest", "containerimage.config.digest") if key in written]
    for digest in digests:
        if image := image_id(tools.engine, digest):
            return image
    raise BuildError(
        f"buildx has built {' or '.join(digests) or 'no image'}, which Docker does not have",
        "Let buildx build for this engine: run `docker buildx use default`.",
    )


def _has_buildx(tools: BuildTools, job: BuildJob) -> bool:
    if shutil.which("docker") is None:
        return False
    code = _run(tools, job, ["version"], _VERSION_TIMEOUT, lambda _line: None)
    if code is None:
        raise BuildError(
            f"`docker buildx version` did not answer within {_VERSION_TIMEOUT:.0f} s", "Run it by hand to see why."
        )
    return code == 0


def _run(
    tools: BuildTools, job: BuildJob, arguments: Sequence[str], seconds: float, report: Callable[[str], None]
) -> int | None:
    """The exit code; None when the command did not end within ``seconds``.

    The docker command runs the plugin as a child, which survives it. So both, and all that they start, have the
    deploy's tag in their environment: by it they are ended here, or when the deploy is cancelled.
    """
    tag = tools.state.tag(job.deploy)
    over = threading.Event()

    def end() -> None:
        over.set()
        kill_orphans(tag)

    lines = LineReader()
    with subprocess.Popen(
        limited_command(["docker", "buildx", *arguments], memory=None),
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
            # process.stdout.read(n) would wait for n bytes, so that the log came late.
            while part := os.read(process.stdout.fileno(), 1 << 16):
                for line in lines.feed(part):
                    report(line)
            for line in lines.end():
                report(line)
            process.wait()
        finally:
            timer.cancel()
            kill_orphans(tag)
    return None if over.is_set() else process.returncode


def _environment(tools: BuildTools) -> dict[str, str]:
    """Without hookserver's own secrets. DOCKER_* are those that the engine's client uses (docker(1))."""
    names = ("PATH", "HOME", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return {**kept, "DOCKER_HOST": tools.engine.host}
