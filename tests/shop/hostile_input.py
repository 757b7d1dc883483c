"""Input as nobody means it, and the parsers on the web side that read what strangers send.

Tests feed some hundreds to each, the bench ``hostile_input`` 100,000 in all. ``hostile_calls`` is about the whole API.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from hookserver import forges
from hookserver.config import AppSettings
from hookserver.config.values import is_branch
from hookserver.errors import BadRequest, Unauthorized
from hookserver.forges import BranchPush, payload, signature
from hookserver.web.fields import DeployFields, FollowQuery, ListQuery, LockFields, NoFields, RollbackFields


@dataclass
class Tally:
    """What came of the inputs.

    ``server_errors``: an answer with 5xx, or an exception that would become one; ``broken_promises``: an answer or a
    value that is not as documented; ``side_effects``: a call that was refused has changed something.
    """

    inputs: int = 0
    server_errors: int = 0
    broken_promises: int = 0
    side_effects: int = 0
    faults: list[str] = field(default_factory=list)

    def fault(self, text: str) -> None:
        """Keep the first ones for people."""
        if len(self.faults) < 5:
            self.faults.append(text[:2000])


@dataclass(frozen=True)
class Source:
    """Inputs, and the function that takes one: it raises AssertionError for a promise that is broken."""

    name: str
    inputs: SearchStrategy[Any]
    take: Callable[[Any, Tally], None]

    def feed(self, count: int) -> Tally:
        """Take ``count`` inputs, or all that there are."""
        tally = Tally()

        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=[*HealthCheck],
        )
        @given(self.inputs)
        def each(given_input: Any) -> None:
            tally.inputs += 1
            try:
                self.take(given_input, tally)
            except AssertionError as error:
                tally.broken_promises += 1
                tally.fault(f"{given_input!r}: {error!r}")
            except Exception as error:
                tally.server_errors += 1
                tally.fault(f"{given_input!r}: {error!r}")

        each()
        return tally


def weighted(*of: tuple[int, SearchStrategy[Any]]) -> SearchStrategy[Any]:
    """One of the strategies, each as often as its number says: ``one_of`` leaves out what is there twice."""
    return st.sampled_from([strategy for times, strategy in of for _ in range(times)]).flatmap(lambda chosen: chosen)


# --- texts, JSON, bodies ---

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)  # lone surrogates too
HEADER_TEXT = st.text(st.characters(max_codepoint=255), max_size=60)
_REFS = st.one_of(
    st.sampled_from(
        ["refs/heads/main", "refs/heads/trunk", "refs/tags/v1", "main", "", "refs/heads/", "refs//", "HEAD"]
    ),
    ANY_TEXT.map(lambda text: f"refs/heads/{text}"),
    ANY_TEXT,
)
_COMMITS = st.sampled_from(["a" * 40, "0" * 40, "b" * 64, "A" * 40, "--all", "c" * 7, ""])
_NUMBERS = st.one_of(st.integers(), st.sampled_from([1, 2, 1 << 31, 1 << 63, -(1 << 70), 10**400]), st.floats())
_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | ANY_TEXT | _REFS | _COMMITS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=8,
)
_FIELDS = [name for model in (DeployFields, RollbackFields, LockFields) for name in model.model_fields]
_OF_A_PUSH = ("after", "deleted", "pusher", "head_commit", "commits", "id", "message", "name", "login")
_KEYS = st.sampled_from([*_FIELDS, *_OF_A_PUSH])
_OBJECTS = st.dictionaries(_KEYS | ANY_TEXT, _JSON | _REFS | _COMMITS, max_size=6)
_PUSHES = st.fixed_dictionaries(
    {"ref": _REFS},
    optional={
        "after": _COMMITS | _JSON,
        "deleted": st.booleans() | _JSON,
        "pusher": _JSON | st.fixed_dictionaries({"name": ANY_TEXT | _JSON}),
        "head_commit": _JSON | st.fixed_dictionaries({"id": _COMMITS, "message": ANY_TEXT | _JSON}),
        "commits": st.lists(_JSON, max_size=3),
    },
)
_ODD_BODIES = [
    *(b"", b"{}", b"[]", b"null", b'"x"', b"{", b"}", b'{"ref":"a","ref":"b"}', b'{"a":{"x":1,"x":2}}'),
    *(b'{"to":NaN}', b'{"to":Infinity}', b'{"to":-Infinity}', b'{"to":1e999}', b'{"to":' + b"9" * 5000 + b"}"),
    *(b"[" * 100_000, b'{"a":' * 50_000, b'{"ref":' + b"[" * 3000 + b"]" * 3000 + b"}"),
    *(
        b'{"reason":"\\ud800"}',
        b'{"\\udfff":1}',
        b'{"ref":"refs/heads/\\u0000"}',
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
    ),
    *(
        b"\xed\xa0\x80",
        b'{"ref":"\xc0\xaf"}',
        b"a=1&a=2",
        b"&" * 5000,
        b"=" * 100,
        b"%" * 1000,
        b"reason=%ff",
        b"to=%00",
    ),
    *(b"reason=%ED%A0%80", b"payload=%7B%7D", b"payload=" + b"%25" * 30_000, b"payload=%7B%7D&payload=%7B%7D"),
]
# By their places: hypothesis writes a strategy out, and these are long.
_ODD = st.sampled_from(range(len(_ODD_BODIES))).map(_ODD_BODIES.__getitem__)


def _as_json(value: Any, ascii_only: bool) -> bytes:
    return json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


def _as_form(value: Any) -> bytes:
    return urlencode(value, errors="surrogatepass").encode() if isinstance(value, dict) else b"payload=1"


def _damaged(body: bytes, place: int, with_bytes: bytes) -> bytes:
    place %= len(body) + 1
    return body[:place] + with_bytes + body[place + len(with_bytes) :]


PUSHES = st.builds(_as_json, _PUSHES, st.booleans())
_JSON_BODIES = st.builds(_as_json, _OBJECTS | _PUSHES | _JSON, st.booleans())
FIELDS = st.sampled_from(
    [
        *({}, {"ref": "main"}, {"ref": "main", "rebuild": True}, {"commit": "abcdef1"}, {"trigger": "git-push"}),
        *({"to": 1}, {"to": 2}, {"to": 99}, {"reason": "stocktaking"}, {"ref": "refs/heads/main"}),
    ]
).map(lambda fields: json.dumps(fields).encode())
_FORMS = st.one_of(
    st.builds(_as_form, _OBJECTS),
    st.builds(lambda body: b"payload=" + quote(body).encode(), _JSON_BODIES),
)
BODIES = st.one_of(
    _JSON_BODIES,
    _FORMS,
    _ODD,
    st.binary(max_size=200),
    st.builds(_damaged, _JSON_BODIES, st.integers(0), st.binary(max_size=4)),
)
TYPES = st.sampled_from(
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "text/plain",
        "",
        "a/b;c",
    ]
)

# --- the parsers of what forges send ---

_FORGE_HEADERS = (
    *(
        f"x-{forge}-{part}"
        for forge in ("gitea", "github", "hookserver")
        for part in ("event", "delivery", "signature")
    ),
    "x-hub-signature-256",
)
SIGNATURES = st.one_of(
    HEADER_TEXT,
    st.sampled_from(["", "sha256=", "sha256=" + "0" * 64, "0" * 64, "sha256=" + "\u0660" * 64, "SHA256=" + "a" * 64]),
)
_HEADERS = st.dictionaries(
    st.sampled_from([*_FORGE_HEADERS, "content-type"]),
    SIGNATURES | TYPES | st.sampled_from(["push", "ping", "push,push", "d-1", "x" * 200]),
    max_size=6,
)


def _check_signature(given_input: tuple[dict[str, str], bytes]) -> None:
    """No forge takes a call that nobody signed, and none raises."""
    headers, body = given_input
    for forge in forges.FORGES:
        assert not forge.is_signed(headers, body, ("another secret of ours", "and a second one"))
    forges.find(headers)


def _check_payload(given_input: tuple[dict[str, str], bytes]) -> None:
    """A body is a push of a branch that a shell may see, ignored, or refused."""
    headers, body = given_input
    for forge in forges.FORGES:
        try:
            push = forge.parse(headers, body)
        except (BadRequest, Unauthorized):
            continue
        if isinstance(push, BranchPush):
            assert is_branch(push.branch)
            assert not set(push.branch) & set("$`;|&<>\"' ")
            assert push.by.isprintable()


def _check_json(body: bytes) -> None:
    try:
        document = payload.read_json(body)
    except BadRequest:
        return
    assert isinstance(document, dict)


def _check_form(body: bytes) -> None:
    assert len(payload.of_form(body)) <= len(body)


def _check_delivery(text: str) -> None:
    with suppress(BadRequest, Unauthorized):
        assert len(signature.delivery({"x": text}, "x")) <= 128


# --- the fields of the API, from bodies and queries ---

_MODELS = (DeployFields, RollbackFields, LockFields, NoFields)
QUERIES = st.dictionaries(
    st.sampled_from(["follow", "wait", "limit"]) | ANY_TEXT,
    ANY_TEXT | st.sampled_from(["0", "1", "20", "1e3", "\uff19"]),
    max_size=4,
).map(lambda query: urlencode(query, errors="surrogatepass"))


def _parse(parse: Callable[[Any], None], given_input: Any, _tally: Tally) -> None:
    parse(given_input)


@dataclass(frozen=True)
class Parsers:
    """What reads foreign input on the web side, each with its inputs. ``shop``: the settings of an app of ``app``."""

    app: Flask
    shop: AppSettings

    def all(self) -> Iterator[Source]:
        """One source of inputs for each parser."""
        push = {"x-github-event": st.just("push"), "x-gitea-event": st.just("push")}
        typed = st.fixed_dictionaries({"content-type": TYPES, **push})
        for name, inputs, parse in (
            ("signatures", st.tuples(_HEADERS, BODIES), _check_signature),
            ("deliveries", ANY_TEXT | HEADER_TEXT, _check_delivery),
            ("payloads", st.tuples(typed | _HEADERS, BODIES), _check_payload),
            ("JSON", BODIES, _check_json),
            ("forms", _FORMS | BODIES, _check_form),
            ("bodies", st.tuples(BODIES, TYPES), self._check_bodies),
            ("queries", QUERIES, self._check_queries),
        ):
            yield Source(name, inputs, partial(_parse, parse))

    def _check_bodies(self, given_input: tuple[bytes, str]) -> None:
        body, content_type = given_input
        for model in _MODELS:
            with self.app.test_request_context("/", method="POST", data=body, content_type=content_type):
                self._refused_or_read(partial(model.from_body, self.shop))

    def _check_queries(self, query: str) -> None:
        for model in (FollowQuery, ListQuery):
            with self.app.test_request_context(f"/?{query}"):
                self._refused_or_read(model.from_query)

    def _refused_or_read(self, read: Callable[[], object]) -> None:
        refused = ""
        try:
            read()
        except BadRequest as error:
            refused = str(error)
        assert len(refused.encode()) < 20_000  # it can be sent, as text too, and is no longer than a page
