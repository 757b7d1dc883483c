from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hookserver.engine.images import description

NOW = datetime(2026, 11, 30, tzinfo=UTC)
DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("inspected", "text"),
    [
        ({"RepoDigests": [f"tomcat@{DIGEST}"], "Created": "2026-10-18T01:02:03.123456789Z"}, f"{DIGEST}, 42 days old"),
        ({"RepoDigests": [], "Created": "2026-12-01T00:00:00Z"}, "sha256:1, 0 days old"),
        ({"RepoDigests": None, "Created": "0001-01-01T00:00:00Z"}, "sha256:1"),
        ({"Created": "1980-01-01T00:00:00Z"}, "sha256:1"),
        ({"Created": ""}, "sha256:1"),
        ({}, "sha256:1"),
    ],
)
def test_image_is_described_by_its_digest_and_its_age(inspected: dict[str, object], text: str) -> None:
    assert description("tomcat:10", {"Id": "sha256:1", **inspected}, NOW) == f"tomcat:10, {text}"
