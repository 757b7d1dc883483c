"""API tokens: valid for their app, stored as hashes."""

from __future__ import annotations

import pytest

from hookserver.errors import NotFound
from hookserver.state.state_dir import StateDir
from hookserver.store import Store


def test_a_token_is_valid_for_its_app_until_it_is_revoked(store: Store) -> None:
    token = store.create_token("ci", "shop")
    anywhere = store.create_token("admin")
    assert store.token_name(token, "shop") == "ci"
    assert store.token_name(token, "blog") is None
    assert store.token_name(anywhere, "blog") == "admin"
    store.revoke_token("ci")
    assert store.token_name(token, "shop") is None
    with pytest.raises(NotFound):
        store.revoke_token("ci")


def test_a_tokens_text_is_not_in_the_database(state: StateDir, store: Store) -> None:
    token = store.create_token("ci")
    store.close()
    for file in state.database.parent.glob("*"):
        assert token.encode() not in file.read_bytes()
