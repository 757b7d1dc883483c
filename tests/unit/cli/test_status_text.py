"""The text of ``hookserver status``."""

from __future__ import annotations

from typing import Any

import pytest

from hookserver.cli.status_text import status_lines


def standby_line(**standby: Any) -> str:
    release = {"deploy": 3, "commit": "c" * 40, "slot": "blue", "retire_at": "2026-01-01T12:00:00Z"}
    app: dict[str, Any] = {"app": "shop", "domains": ["shop.example.com"], "path": "/", "live": None, "lock": None}
    lines = status_lines([{**app, "queue": {}, "standby": {**release, **standby}}])
    return next(line for line in lines if line.startswith("  standby"))


@pytest.mark.parametrize(
    ("sticky_until", "visitors", "end"),
    [
        (None, None, "until 2026-01-01T12:00:00Z"),
        ("2026-01-01T13:00:00Z", 2, "; sticky, visitors in the last 5 minutes: 2"),
        ("2026-01-01T13:00:00Z", None, "; sticky, visitors in the last 5 minutes: not counted yet"),
    ],
)
def test_sticky_standby_is_shown_with_its_visitors(sticky_until: str | None, visitors: int | None, end: str) -> None:
    assert standby_line(sticky_until=sticky_until, visitors=visitors).endswith(end)
