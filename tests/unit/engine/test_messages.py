"""Docker's errors, as engines from 20.10 to 29 send them."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from hookserver.engine.messages import failure, remedy, unreachable

CODE = "The command '/bin/sh -c exit 4' returned a non-zero code: 4"


@pytest.mark.parametrize(
    "message",
    [
        {"error": CODE},
        {"errorDetail": {"code": 4, "message": CODE}, "error": CODE},
        {"errorDetail": {"code": 4, "message": CODE}},
    ],
)
def test_failure_is_read_from_every_engine(message: dict[str, Any]) -> None:
    assert failure(message) == CODE


@pytest.mark.parametrize("message", [{}, {"stream": "Step 1/2"}, {"aux": {"ID": "sha256:1"}}, {"errorDetail": None}])
def test_other_messages_report_no_failure(message: dict[str, Any]) -> None:
    assert failure(message) == ""


@pytest.mark.parametrize(
    ("problem", "advice"),
    [
        ("No such image: sha256:1", "--rebuild"),
        ("Address already in use", "docker network inspect"),
        ("write /x: no space left on device", "docker system df"),
        ("fork/exec: cannot allocate memory", "lower apps.<app>.tomcat.memory"),
        ("anything else", "journalctl -u docker"),
    ],
)
def test_remedy_follows_from_the_text_of_the_error(problem: str, advice: str) -> None:
    assert advice in remedy(problem)


@pytest.mark.parametrize(
    ("error", "problem", "advice"),
    [
        (requests.ReadTimeout("x"), "Docker at tcp://h:1 did not answer within 7 s", "systemctl status docker"),
        (requests.ConnectionError("Permission denied"), "may not use tcp://h:1", "group docker"),
        (requests.ConnectionError("refused"), "Docker does not answer at tcp://h:1: refused", "systemctl start docker"),
    ],
)
def test_unreachable_engine_has_a_problem_and_a_remedy(error: Exception, problem: str, advice: str) -> None:
    text, remedy_ = unreachable(error, "tcp://h:1", 7)
    assert problem in text
    assert advice in remedy_
