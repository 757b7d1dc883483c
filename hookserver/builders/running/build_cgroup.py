"""A cgroup with the limits of a Dockerfile's build, below which its ``RUN`` steps run.

The limits of a container are no options of a build, or not of both builders: processes have none at all.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hookserver.builders.job import BuildJob
from hookserver.builders.running.recipe import PROCESSES
from hookserver.builders.running.tools import BuildTools
from hookserver.config import BuildSettings
from hookserver.engine.client import CPU_PERIOD
from hookserver.errors import BuildError
from hookserver.state.wait_until import wait_until

ROOT = Path("/sys/fs/cgroup")
_V2_CONTROLLERS = "+cpu +memory +pids"
_OPTIONAL = ("memory.memsw.limit_in_bytes", "memory.use_hierarchy", "memory.swap.max")
"""Files that only some kernels have: without swap accounting there is no limit of swap."""
_TIMEOUT = 30.0
_EMPTY = 5.0
"""Seconds in which the processes of a build that has ended leave its cgroup."""


@dataclass(frozen=True)
class Cgroup:
    """A cgroup of this machine. ``version`` is 1 or 2; ``is_slice``: Docker lets systemd create its cgroups.

    Docker's parent for systemd is a slice: https://docs.docker.com/reference/cli/dockerd/#default-cgroup-parent. A name
    without dashes is directly below the root: systemd.slice(5).
    """

    name: str
    version: int
    is_slice: bool

    @property
    def parent(self) -> str:
        """Its name for Docker; BuildKit takes a slice's as a path.

        https://github.com/moby/buildkit/blob/v0.12.5/executor/oci/spec.go
        """
        return self.name if self.is_slice else f"/{self.name}"


def cgroup_name(state_dir: Path, deploy: int | str, is_slice: bool) -> str:
    """The name of a deploy's cgroup; two installations have different ones."""
    installation = hashlib.sha256(str(state_dir).encode()).hexdigest()[:12]
    return f"hookserver_{installation}_{deploy}{'.slice' if is_slice else ''}"


def limit_files(version: int, build: BuildSettings) -> dict[str, str]:
    """The files of the limits, in the order in which they are written, with the controller before it in version 1.

    https://docs.kernel.org/admin-guide/cgroup-v2.html and https://docs.kernel.org/admin-guide/cgroup-v1/
    """
    quota, memory = str(round(build.cpus * CPU_PERIOD)), str(build.memory)
    if version == 2:
        return {
            "pids.max": str(PROCESSES),
            "memory.max": memory,
            "memory.swap.max": "0",
            "cpu.max": f"{quota} {CPU_PERIOD}",
        }
    return {
        "pids/pids.max": str(PROCESSES),
        "memory/memory.use_hierarchy": "1",
        "memory/memory.limit_in_bytes": memory,
        "memory/memory.memsw.limit_in_bytes": memory,
        "cpu/cpu.cfs_period_us": str(CPU_PERIOD),
        "cpu/cpu.cfs_quota_us": quota,
        "cpuacct/cpuacct.usage": "0",
    }


def slice_properties(build: BuildSettings) -> list[str]:
    """The limits as systemd's: systemd.resource-control(5)."""
    percent = max(1, round(build.cpus * 100))
    return [f"TasksMax={PROCESSES}", f"MemoryMax={build.memory}", "MemorySwapMax=0", f"CPUQuota={percent}%"]


@contextmanager
def limited(tools: BuildTools, job: BuildJob) -> Iterator[Cgroup]:
    """A cgroup with the limits of the job's build; it is removed at the end.

    Raises BuildError when there can be none, such as on another machine's Docker.
    """
    cgroup = _of_engine(tools, job)
    try:
        _create(cgroup, job.app.build)
        yield cgroup
    finally:
        wait_until(lambda: _remove(cgroup), _EMPTY, pause=0.1, is_enough=bool)


def cpu_time(cgroup: Cgroup) -> int:
    """The CPU time that processes below the cgroup have taken so far, in a unit of the kernel's; 0: none ran there."""
    try:
        if cgroup.version == 2:
            found = re.search(r"^usage_usec (\d+)", (ROOT / cgroup.name / "cpu.stat").read_text(), re.MULTILINE)
            return int(found[1]) if found else 0
        return int((ROOT / "cpuacct" / cgroup.name / "cpuacct.usage").read_text())
    except OSError:
        return 0


def remove_leftovers(state_dir: Path, deploy: int | None = None) -> None:
    """Remove the cgroup of a killed deploy; ``None``: of every deploy. One that still has processes stays."""
    wanted = "*" if deploy is None else str(deploy)
    for is_slice in (False, True):
        pattern = cgroup_name(state_dir, wanted, is_slice)
        for name in {folder.name for top in ("", "*/") for folder in ROOT.glob(f"{top}{pattern}")}:
            if is_slice or not name.endswith(".slice"):
                _remove(Cgroup(name, 2 if (ROOT / name).is_dir() else 1, is_slice))


def _of_engine(tools: BuildTools, job: BuildJob) -> Cgroup:
    if not tools.engine.is_local:
        raise BuildError(
            "the build of a Dockerfile is limited on this machine only, and Docker runs on another one",
            "Use another build.kind.",
        )
    with tools.engine.doing("inspect Docker's cgroups"):
        info = tools.engine.api.info()
    driver, version = info.get("CgroupDriver", "none"), int(info.get("CgroupVersion") or 1)
    if driver not in ("cgroupfs", "systemd"):
        raise BuildError(
            f"the build of a Dockerfile cannot be limited: Docker's cgroup driver is {driver!r}",
            "Run Docker as root, or use another build.kind.",
        )
    return Cgroup(cgroup_name(tools.state.root, job.deploy, driver == "systemd"), version, driver == "systemd")


def _create(cgroup: Cgroup, build: BuildSettings) -> None:
    try:
        if cgroup.is_slice:
            _systemctl("set-property", "--runtime", cgroup.name, *slice_properties(build))
            _systemctl("start", cgroup.name)
            return
        if cgroup.version == 2:
            (ROOT / "cgroup.subtree_control").write_text(_V2_CONTROLLERS)
        for path, value in limit_files(cgroup.version, build).items():
            controller, _, file = path.rpartition("/")
            folder = ROOT / controller / cgroup.name
            folder.mkdir(exist_ok=True)
            if (folder / file).exists() or file not in _OPTIONAL:
                (folder / file).write_text(value)
    except (OSError, subprocess.SubprocessError) as error:
        shown = getattr(error, "stderr", "") or error
        raise BuildError(
            f"the build of a Dockerfile cannot be limited: {shown}",
            "Run the worker as root, or use another build.kind.",
        ) from error


def _remove(cgroup: Cgroup) -> bool:
    """Remove it in every hierarchy, since Docker creates it in all; whether it is gone."""
    if cgroup.is_slice:
        with suppress(OSError, subprocess.SubprocessError):
            _systemctl("stop", cgroup.name)
            _systemctl("revert", cgroup.name)
    tops = [ROOT / cgroup.name, *ROOT.glob(f"*/{cgroup.name}")]
    for top in tops:
        for folder, _, _ in os.walk(top, topdown=False):
            with suppress(OSError):
                Path(folder).rmdir()
    return not any(top.is_dir() for top in tops)


def _systemctl(*arguments: str) -> None:
    subprocess.run(["systemctl", *arguments], capture_output=True, text=True, timeout=_TIMEOUT, check=True)
