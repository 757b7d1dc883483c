"""The resources that an installation uses: they must not grow from deploy to deploy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.shop.installation import Installation
from tests.waiting import until

_PROC = Path("/proc")


@dataclass(frozen=True)
class Footprint:
    """Memory is PSS in kB (what processes share is counted once), disk in bytes without the deploys' logs."""

    open_files: int
    memory_kb: int
    containers: int
    images: int
    networks: int
    disk: int


def footprint(site: Installation) -> Footprint:
    """Between two deploys; what the last one cleans up after its end is waited for."""
    until(lambda: not list(site.state.work(0).parent.glob("*")), what="the end of the last deploy's cleaning up")
    pids = site.processes.that_last()
    ours: dict[str, str | list[str] | bool] = {"label": f"hookserver.state_dir={site.state.root}"}
    kept = [file for file in site.state.root.rglob("*") if file.is_file() and file.suffix not in (".log", ".db-wal")]
    return Footprint(
        open_files=sum(len(list((_PROC / str(pid) / "fd").iterdir())) for pid in pids),
        memory_kb=sum(_pss(pid) for pid in pids),
        containers=len(site.docker.containers.list(all=True, filters=ours)),
        images=len(site.docker.images.list(filters=ours)),
        networks=len(site.docker.networks.list(filters=ours)),
        disk=sum(file.stat().st_size for file in kept),
    )


def _pss(pid: int) -> int:
    words = (_PROC / str(pid) / "smaps_rollup").read_text().split()
    return int(words[words.index("Pss:") + 1])
