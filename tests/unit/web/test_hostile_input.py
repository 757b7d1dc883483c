"""What strangers send makes no 5xx and changes nothing that was refused. The bench ``hostile_input`` sends far more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import abort

from hookserver.models import Push, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.shop.hostile_calls import Api, api, documented_calls, random_calls, signed_calls
from tests.shop.hostile_input import Parsers, Tally

PARSERS = ("signatures", "deliveries", "payloads", "JSON", "forms", "bodies", "queries")


@pytest.fixture
def calls(state: StateDir) -> Iterator[Api]:
    with api(state) as made:
        yield made


@pytest.mark.parametrize("name", PARSERS)
def test_parser_refuses_what_it_does_not_understand(calls: Api, name: str) -> None:
    sources = {source.name: source for source in Parsers(calls.app, calls.settings.apps["shop"]).all()}
    assert set(sources) == set(PARSERS)
    assert sources[name].feed(300) == Tally(inputs=300)


def test_random_call_makes_no_server_error_and_changes_nothing_when_refused(calls: Api) -> None:
    assert random_calls(calls).feed(700) == Tally(inputs=700)


def test_signed_webhook_makes_no_server_error_whatever_it_says(calls: Api) -> None:
    assert signed_calls(calls).feed(500) == Tally(inputs=500)


def test_harm_would_be_seen(calls: Api, store: Store) -> None:
    @calls.app.before_request
    def _harm() -> None:
        store.enqueue(Push("shop", Trigger.API))
        abort(501)

    tally = random_calls(calls).feed(20)
    assert (tally.server_errors, tally.side_effects) == (20, 20)


def test_each_documented_call_is_answered_as_documented(calls: Api) -> None:
    tallies = {source.name: source.feed(40) for source in documented_calls(calls)}
    assert {name: tally for name, tally in tallies.items() if tally != Tally(inputs=tally.inputs)} == {}
    assert len(tallies) > 12
