from __future__ import annotations

import pytest

from hookserver.config import HealthSettings
from hookserver.pipeline.health_request import judge


@pytest.mark.parametrize(
    ("status", "body", "good"),
    [(200, b"all UP here", True), (204, b"UP", True), (200, b"DOWN", False), (302, b"UP", False), (500, b"UP", False)],
)
def test_an_answer_is_good_by_its_status_and_its_text(status: int, body: bytes, good: bool) -> None:
    assert judge(status, body, HealthSettings(status=(200, 204), body="UP")).good is good


def test_bad_answer_is_shown_on_one_short_line() -> None:
    answer = judge(500, b"Boom\n\n  at \x1b[31mline 1" + b"x" * 5000, HealthSettings())
    assert answer.text.startswith("answered 500, not 200: Boom at line 1xxx")
    assert len(answer.text) < 260
    assert "\n" not in answer.text


def test_a_body_that_is_not_text_is_no_accident() -> None:
    assert judge(200, b"\xff\xfe", HealthSettings()).good
