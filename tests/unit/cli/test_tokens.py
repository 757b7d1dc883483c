"""``hookserver token``."""

from __future__ import annotations

import json

from hookserver.errors import NotFound
from hookserver.store import Store
from tests.unit.cli.conftest import Run


def test_created_token_is_printed_alone_and_is_valid(run: Run, store: Store) -> None:
    done = run("token", "create", "ada")
    assert (done.exit_code, done.stderr) == (0, "")
    assert store.token_name(done.stdout.strip(), "shop") == "ada"


def test_token_can_be_restricted_to_an_app_that_exists(run: Run, store: Store) -> None:
    token = run("token", "create", "ci", "--app", "shop").stdout.strip()
    assert store.token_name(token, "shop") == "ci"
    assert store.token_name(token, "other") is None
    assert isinstance(run("token", "create", "x", "--app", "shpo").exception, NotFound)


def test_tokens_are_listed_without_their_text(run: Run) -> None:
    token = run("token", "create", "ada").stdout.strip()
    run("token", "create", "ci", "--app", "shop")
    listed = run("token", "list").stdout
    assert [line.split() for line in listed.splitlines()] == [["ada", "all", "apps"], ["ci", "shop"]]
    documents = json.loads(run("token", "list", "--json").stdout)
    assert [(document["name"], document["app"]) for document in documents] == [("ada", ""), ("ci", "shop")]
    assert token not in listed + json.dumps(documents)


def test_revoked_token_is_not_valid(run: Run, store: Store) -> None:
    token = run("token", "create", "ada").stdout.strip()
    done = run("token", "revoke", "ada")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "ada is revoked\n")
    assert store.token_name(token, "shop") is None
    assert isinstance(run("token", "revoke", "ada").exception, NotFound)
