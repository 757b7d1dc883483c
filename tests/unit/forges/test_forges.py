"""Which forge sent a call."""

from __future__ import annotations

from hookserver import forges
from hookserver.forges import generic, gitea, github
from tests.unit.forges.samples import (
    from_gitea,
    from_github,
)


def test_call_of_gitea_is_found_though_it_has_githubs_headers() -> None:
    assert forges.find(from_gitea(b"{}")) is gitea


def test_each_forge_is_found_by_its_headers_and_others_by_none() -> None:
    assert forges.find(from_github(b"{}")) is github
    assert forges.find({"x-hookserver-signature": "sha256="}) is generic
    assert forges.find({"x-gitlab-token": "secret"}) is None
    assert forges.find({}) is None
