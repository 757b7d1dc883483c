"""The clock jumps by an hour: no timer sticks, nothing expires all at once."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import Shop
from tests.shop import installed
from tests.shop.invariants import assert_no_loss
from tests.waiting import until

HOUR = 3600
_SITE = """
import os, time
_time = time.time
def _off():
    with open(os.environ["TEST_CLOCK"]) as file:
        return float(file.read())
time.time = lambda: _time() + _off()
"""


class MachineClock:
    """The wall clock of hookserver's processes; the machine's stays as it is."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def jump(self, seconds: int) -> None:
        """Set it so many seconds off the machine's."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.replace(self._file)


@pytest.fixture(scope="module")
def clock() -> Iterator[MachineClock]:
    """It is given to every Python that starts from now on, also to that of the web process's user."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "sitecustomize.py").write_text(_SITE)
        made = MachineClock(folder / "offset")
        made.jump(0)
        patch.setenv("PYTHONPATH", str(folder))
        patch.setenv("TEST_CLOCK", str(folder / "offset"))
        yield made


@pytest.fixture(scope="module")
def shop(clock: MachineClock) -> Iterator[Shop]:
    with installed("172.30.194.0/24") as site:
        made = Shop(site, site.add_app("it-clock", app='poll = "2s"'))
        site.start()
        for version in ("one", "two"):
            made.project.release(version)
            site.ended(made.project.push().deploy)
        yield made


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_deploys_polls_and_the_standby_survive_a_jump(shop: Shop, clock: MachineClock, jump: int) -> None:
    site, project = shop.site, shop.project
    standby = {replica.name for replica in site.containers(app=shop.app)}
    with site.visitors(shop.app) as visitors:
        clock.jump(jump)
        rung = site.ask("POST", f"{shop.deploys()}?wait=1", {})
        assert rung.status == 200, rung.text
        assert site.store.deploy(rung.json["deploy"]).queued_at == pytest.approx(time.time() + jump, abs=60)
        assert {replica.name for replica in site.containers(app=shop.app)} == standby
        project.release(f"after {jump}")
        project.publish()
        until(lambda: site.visit(shop.app).text == f"after {jump}", 60, "the poll's deploy")
    assert_no_loss(visitors)
    shop.is_well()
