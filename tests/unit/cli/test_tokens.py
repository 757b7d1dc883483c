"""``hookserver token``."""

from __future__ import annotations

import json
import time

import pytest

from hookserver.errors import NotFound, Refused
from hookserver.models import Scope
from hookserver.store import Store, Token
from tests.unit.cli.conftest import Run


def found(store: Store, text: str) -> Token:
    token = store.find_token(text.strip())
    assert token is not None
    return token


def test_created_token_is_printed_alone_and_may_deploy_each_app(run: Run, store: Store) -> None:
    done = run("token", "create", "ada")
    assert (done.exit_code, done.stderr) == (0, "")
    token = found(store, done.stdout)
    assert (token.name, token.app, token.scope, token.expires_at) == ("ada", "", Scope.DEPLOY, None)


def test_token_can_be_restricted_to_an_app_a_scope_and_a_time(run: Run, store: Store) -> None:
    token = found(store, run("token", "create", "ci", "--app", "shop", "--scope", "read", "--expires", "90d").stdout)
    assert (token.app, token.scope) == ("shop", Scope.READ)
    assert token.expires_at == pytest.approx(time.time() + 90 * 86400, abs=60)
    assert isinstance(run("token", "create", "x", "--app", "shpo").exception, NotFound)


def test_second_token_of_a_name_is_refused_and_the_first_stays_valid(run: Run, store: Store) -> None:
    first = run("token", "create", "ada").stdout
    done = run("token", "create", "ada", "--app", "shop")
    assert isinstance(done.exception, Refused)
    assert "hookserver token revoke ada" in done.exception.remedy
    assert done.stdout == ""
    assert found(store, first).app == ""


@pytest.mark.parametrize(
    "arguments",
    [["push:shop"], ["a b"], ["x" * 65], ["a\x1b[31m"], [""], *([["x", "--expires", t] for t in ("0", "soon", "-1d")])],
)
def test_strange_name_or_time_is_wrong_usage(run: Run, store: Store, arguments: list[str]) -> None:
    assert run("token", "create", *arguments).exit_code == 2
    assert store.tokens() == []


def test_tokens_are_listed_without_their_text(run: Run, store: Store) -> None:
    text = run("token", "create", "ada").stdout.strip()
    run("token", "create", "ci", "--app", "shop", "--scope", "admin", "--expires", "1h")
    store.record_use(found(store, text))
    listed = run("token", "list").stdout
    first, second = listed.splitlines()
    assert first.split()[:6] == ["ada", "all", "apps", "deploy", "never", "expires"]
    assert "last used 20" in first
    assert second.split()[:4] == ["ci", "shop", "admin", "expires"]
    assert second.endswith("never used")
    documents = json.loads(run("token", "list", "--json").stdout)
    assert [(one["name"], one["app"], one["scope"]) for one in documents] == [
        ("ada", None, "deploy"),
        ("ci", "shop", "admin"),
    ]
    assert documents[0]["expires_at"] is None
    assert documents[0]["used_at"].endswith("Z")
    assert text not in listed + json.dumps(documents)


def test_expired_token_is_listed_as_such(run: Run, store: Store) -> None:
    store.create_token("old", expires=-60.0)
    assert " expired 20" in run("token", "list").stdout


def test_revoked_token_is_not_valid(run: Run, store: Store) -> None:
    text = run("token", "create", "ada").stdout.strip()
    done = run("token", "revoke", "ada")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "ada is revoked\n")
    assert store.find_token(text) is None
    assert isinstance(run("token", "revoke", "ada").exception, NotFound)
