"""API tokens: each name once, valid until they expire or are revoked, stored as hashes."""

from __future__ import annotations

import pytest

from hookserver.errors import NotFound, Refused
from hookserver.models import Scope
from hookserver.state.state_dir import StateDir
from hookserver.store import Store, Token
from tests.unit.store.deploying import Clock


def test_a_token_is_valid_for_its_app_until_it_is_revoked(store: Store, clock: Clock) -> None:
    text = store.create_token("ci", "shop", Scope.READ)
    token = store.find_token(text)
    assert token == Token("ci", "shop", Scope.READ, clock())
    assert token.is_for("shop")
    assert not token.is_for("blog")
    anywhere = store.find_token(store.create_token("admin"))
    assert anywhere is not None
    assert anywhere.is_for("blog")
    store.revoke_token("ci")
    assert store.find_token(text) is None
    with pytest.raises(NotFound):
        store.revoke_token("ci")


def test_a_token_is_not_valid_after_its_time(store: Store, clock: Clock) -> None:
    text = store.create_token("ci", expires=60.0)
    clock.now += 59.0
    assert store.find_token(text)
    clock.now += 1.0
    assert store.find_token(text) is None
    assert [token.name for token in store.tokens()] == ["ci"]


def test_no_token_replaces_one_of_its_name(store: Store) -> None:
    text = store.create_token("ci", "shop")
    with pytest.raises(Refused, match="there is a token 'ci' already"):
        store.create_token("ci", "", Scope.ADMIN)
    token = store.find_token(text)
    assert token is not None
    assert (token.app, token.scope) == ("shop", Scope.DEPLOY)


def test_use_is_recorded_for_the_token_that_was_used_only(store: Store, clock: Clock) -> None:
    used = store.find_token(store.create_token("ci"))
    assert used is not None
    store.revoke_token("ci")
    clock.now += 1.0
    again = store.find_token(store.create_token("ci"))
    assert again is not None
    store.record_use(used)
    assert store.tokens() == [again]
    clock.now += 1.0
    store.record_use(again)
    assert [token.used_at for token in store.tokens()] == [clock.now]


def test_a_tokens_text_is_not_in_the_database(state: StateDir, store: Store) -> None:
    token = store.create_token("ci")
    store.close()
    for file in state.database.parent.glob("*"):
        assert token.encode() not in file.read_bytes()
