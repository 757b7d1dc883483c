"""Tokens with the real web process."""

from __future__ import annotations

from collections.abc import Callable

from tests.integration.web.conftest import Web


def test_last_use_of_a_token_is_recorded_after_the_answer(web: Web, eventually: Callable[..., object]) -> None:
    assert web.request("GET", "/api/v1/apps")[0] == 200
    eventually(lambda: web.store.tokens()[0].used_at)
