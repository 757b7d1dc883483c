"""Deploy after deploy: hookserver's share of the machine does not grow."""

from __future__ import annotations

from tests.shop import assert_invariants, installed
from tests.shop.footprint import footprint
from tests.shop.invariants import assert_no_loss

APP = "it-many"
WARM, MORE = 4, 10
KEEP = 2


def test_many_deploys_use_no_more_of_the_machine_than_a_few() -> None:
    with installed("172.30.196.0/24") as site:
        project = site.add_app(APP, release=f'keep = {KEEP}\nsticky_for = "0"')
        site.start()

        def deploy(number: int) -> None:
            project.release(f"version {number}")
            site.ended(project.push().deploy)

        for number in range(WARM):
            deploy(number)
        before = footprint(site)
        with site.visitors(APP) as visitors:
            for number in range(WARM, WARM + MORE):
                deploy(number)
        after = footprint(site)
        assert_no_loss(visitors)
        assert_invariants(site, APP, project.tip())
    assert (after.containers, after.networks) == (before.containers, before.networks)
    assert after.images <= before.images
    assert after.open_files <= before.open_files
    assert after.memory_kb < before.memory_kb + 8_000
    # Each deploy leaves its rows, and its commit in the mirror and in the push repository.
    assert after.disk < before.disk + MORE * 100_000
