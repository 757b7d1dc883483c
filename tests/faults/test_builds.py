"""A build that would take the whole machine takes its limits, and no visitor of any app notices."""

from __future__ import annotations

import pytest

from tests.shop import assert_invariants, installed
from tests.shop.installation import SCRIPT
from tests.shop.invariants import assert_no_loss

FORK_BOMB = "bomb() { bomb | bomb & }; bomb; sleep 600"
GIGABYTE = "head -c 1000000000 /dev/zero | tr '\\0' 'x' | fold -w 100; exit 1"
ENDLESS = "while :; do :; done"
LIMITS = 'cpus = 0.5\nmemory = "128m"\ntimeout = "12s"'


@pytest.mark.parametrize("script", [FORK_BOMB, GIGABYTE, ENDLESS])
def test_runaway_build_fails_within_its_limits_and_costs_visitors_nothing(script: str) -> None:
    with installed("172.30.195.0/24") as site:
        project = site.add_app("it-wild", build=f"{SCRIPT}\n{LIMITS}")
        site.start()
        project.release("good")
        site.ended(project.push().deploy)
        good = project.tip()
        with site.visitors("it-wild") as visitors:
            project.commit({"build.sh": script})
            pushed = project.push()
        deploy = site.ended(pushed.deploy)
        assert deploy["status"] == "failed"
        assert deploy["reason"]
        assert_no_loss(visitors)
        assert {visit.version for visit in visitors.visits} == {"good"}
        assert_invariants(site, "it-wild", good)
