"""Somebody else has the addresses: pushes report it, and go live once they are free."""

from __future__ import annotations

from docker.types import IPAMConfig, IPAMPool

from tests.shop import assert_invariants, installed

APP = "it-taken"
SUBNET = "172.30.192.0/24"
FOREIGN = "hs-test-somebody"


def test_conflicting_subnet_fails_a_push_with_its_owner_and_the_next_goes_live() -> None:
    with installed(SUBNET) as site:
        for left in site.docker.networks.list(names=[FOREIGN]):
            left.remove()
        ipam = IPAMConfig(pool_configs=[IPAMPool(subnet=SUBNET)])
        somebody = site.docker.networks.create(FOREIGN, ipam=ipam)
        try:
            project = site.add_app(APP)
            site.start()
            project.release("one")
            pushed = project.push()
            assert FOREIGN in pushed.output
            assert site.ended(pushed.deploy)["status"] == "failed"
        finally:
            somebody.remove()
        project.release("two")
        site.ended(project.push().deploy)
        assert_invariants(site, APP, project.tip())
