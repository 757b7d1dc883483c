"""Request bodies: their kinds, their limit, the fields of a form."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from hookserver.store import Store
from tests.unit.web.conftest import DEPLOYS


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"ref": "main"}', "application/x-www-form-urlencoded", 415),
        (b"ref=main&ref=main", "application/x-www-form-urlencoded", 400),
        (b"ref=%ff", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % n for n in range(30)), "application/x-www-form-urlencoded", 400),
        (b"ref=main", "text/plain", 415),
        (b" " * 70_000, "application/json", 413),
    ],
)
def test_body_without_fields_is_refused(
    client: FlaskClient, bearer: dict[str, str], content: bytes, content_type: str, status: int
) -> None:
    answer = client.post(DEPLOYS, data=content, content_type=content_type, headers=bearer)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("length", "is_chunked", "status"),
    [(65536, False, 202), (65537, False, 413), (65535, True, 202), (65537, True, 413), (1 << 20, True, 413)],
)
def test_body_over_the_limit_is_413_also_without_a_length(
    client: FlaskClient, store: Store, bearer: dict[str, str], length: int, is_chunked: bool, status: int
) -> None:
    content = b"{" + b" " * (length - 2) + b"}"
    # As gunicorn hands over a chunked body: no length, and a stream that ends where the body does.
    chunked: dict[str, Any] = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    answer = client.post(
        DEPLOYS,
        input_stream=BytesIO(content),
        content_type="application/json",
        headers=bearer,
        environ_overrides=chunked if is_chunked else {"CONTENT_LENGTH": str(length)},
    )
    assert answer.status_code == status
    assert len(store.deploys()) == int(status == 202)
    if status == 413:
        assert answer.json is not None
        assert answer.json["detail"] == "the body is over 64 kB"


def test_body_that_ends_early_is_400(client: FlaskClient, store: Store, bearer: dict[str, str]) -> None:
    answer = client.post(
        DEPLOYS,
        input_stream=BytesIO(b"{"),
        content_type="application/json",
        headers=bearer,
        environ_overrides={"CONTENT_LENGTH": "9"},
    )
    assert answer.status_code == 400
    assert "incomplete" in answer.text
    assert store.deploys() == []
