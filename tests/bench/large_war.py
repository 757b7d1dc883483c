"""How much memory does the deploy of a large WAR take? ``tests/run.sh bench large_war``

A WAR of 2 MB is built in its container, and then one of 300 MB that nothing can compress, half of it a library. The
highest memory that each deploy's process ever had (its resident set, proc(5), VmHWM) is set side by side.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.installation import APP, BenchInstallation, BenchSource, installed
from tests.bench.outcome import outcome, report, run, table
from tests.shop.processes import ShopProcesses

SIZES_MB = (2, 300)
GROWTH_BAR_MB = 32.0
LOOK_EVERY = 0.02
_IMAGE = "tomcat:10.1-jdk17-temurin"
_FILES = {
    "build.sh": """set -e
half=$(($(cat megabytes) / 2))M
mkdir -p target library web/WEB-INF/lib web/pictures
head -c "$half" /dev/urandom >library/fonts
jar cf web/WEB-INF/lib/fonts.jar -C library .
head -c "$half" /dev/urandom >web/pictures/all
jar cf target/shop.war -C web .
""",
    "web/index.html": "<title>Corner shop</title>",
}


class Peaks:
    """The highest memory that any of the worker's children had, in MB of 1,048,576 bytes."""

    def __init__(self, worker: int) -> None:
        self._worker = worker
        self._over = threading.Event()
        self.highest = 0.0

    def look_until_over(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            for child in Path(f"/proc/{self._worker}/task/{self._worker}/children").read_text().split():
                try:
                    status = Path(f"/proc/{child}/status").read_text()
                except OSError:  # it has just ended
                    continue
                if found := re.search(r"VmHWM:\s+(\d+) kB", status):
                    self.highest = max(self.highest, int(found[1]) / 1024)

    def end(self) -> None:
        self._over.set()


@contextmanager
def looking(worker: int) -> Iterator[Peaks]:
    """Look at the worker's children meanwhile."""
    peaks = Peaks(worker)
    thread = threading.Thread(target=peaks.look_until_over)
    thread.start()
    try:
        yield peaks
    finally:
        peaks.end()
        thread.join()


def _make(folder: Path) -> None:
    for name, text in _FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    _say(folder, "0")


def _say(folder: Path, version: str) -> None:
    (folder / "megabytes").write_text(version)


def _war_mb(shop: BenchInstallation, deploy: int) -> float:
    """What the image holds of the WAR, unpacked."""
    release = shop.deploy(deploy)["commit"]
    image = shop.docker.images.get(f"hookserver/{APP}:{release[:12]}").attrs["Size"]
    return float(image - shop.docker.images.get(_IMAGE).attrs["Size"]) / (1 << 20)


def bench() -> int:
    """Run it; the exit code."""
    build = f'kind = "maven"\nimage = "{_IMAGE}"\ncommand = "sh ./build.sh"\nwar = "target/shop.war"'
    peaks: list[float] = []
    rows: list[list[str]] = []
    with installed(build=build, source=BenchSource(_make, _say)) as shop:
        worker = ShopProcesses(str(shop.state.root.parent / "hookserver.toml")).worker()
        for size in SIZES_MB:
            report(f"a WAR of {size} MB is built and deployed")
            with looking(worker) as seen:
                deploy = shop.ended(shop.push(str(size)).deploy)
            peaks.append(seen.highest)
            seconds = deploy["live_at"] - deploy["steps"][0]["started_at"]
            rows.append([f"{size} MB", f"{_war_mb(shop, deploy['deploy']):.0f}", f"{seconds:.1f}", f"{peaks[-1]:.1f}"])
    report(table(["WAR", "in the image, MB", "deploy, s", "peak of its process, MB"], rows))
    growth = peaks[1] - peaks[0]
    figures = {
        "war_mb": SIZES_MB[1],
        "peak_mb": round(peaks[1], 1),
        "peak_of_small_war_mb": round(peaks[0], 1),
        "growth_mb": round(growth, 1),
    }
    bars = {f"the large WAR takes {growth:.1f} MB more, at most {GROWTH_BAR_MB:g}": growth <= GROWTH_BAR_MB}
    return outcome("large_war", figures, bars)


if __name__ == "__main__":
    run(bench)
