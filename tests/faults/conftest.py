"""The installation that those faults share which leave it whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.shop import Installation, ShopProject, assert_invariants, installed


@dataclass(frozen=True)
class Shop:
    """An app with a release that serves."""

    site: Installation
    project: ShopProject

    @property
    def app(self) -> str:
        return self.project.app

    def deploys(self) -> str:
        """The address that asks for a deploy."""
        return f"/api/v1/apps/{self.app}/deploys"

    def is_well(self) -> None:
        """The last commit serves, and nothing is left over."""
        assert_invariants(self.site, self.app, self.project.tip())


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    with installed("172.30.178.0/24") as site:
        made = Shop(site, site.add_app("it-fault"))
        site.start()
        made.project.release("one")
        site.ended(made.project.push().deploy)
        yield made
