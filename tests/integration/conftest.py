"""The installation that the tests of whole deploys share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.shop import Installation, ShopProject, installed
from tests.shop.installation import SCRIPT

CA = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class Place:
    """The installation and its apps' projects."""

    site: Installation
    shop: ShopProject
    other: ShopProject
    script: ShopProject
    first: ShopProject
    broken: ShopProject
    moved: ShopProject
    maven: ShopProject


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    with installed("172.30.176.0/24") as site:
        ca = f'ca_bundle = "{CA}"' if CA.exists() else ""
        made = Place(
            site,
            shop=site.add_app("it-shop", replicas=2, app='poll = "2s"'),
            other=site.add_app("it-other"),
            script=site.add_app("it-script", build=SCRIPT),
            first=site.add_app("it-first", health='deadline = "25s"'),
            broken=site.add_app(
                "it-broken", java_opts="-XX:MaxDirectMemorySize=4g", health='timeout = "1s"\ndeadline = "15s"'
            ),
            moved=site.add_app("it-moved", release='sticky_for = "0"'),
            maven=site.add_app("it-maven", build=ca),
        )
        site.start()
        yield made
