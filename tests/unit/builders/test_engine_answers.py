"""Docker's answers as engines from 20.10 to 29 give them."""

from __future__ import annotations

from typing import Any

import pytest

from hookserver.engine.translate import failure

CODE = "The command '/bin/sh -c exit 4' returned a non-zero code: 4"


@pytest.mark.parametrize(
    "message",
    [
        {"error": CODE},
        {"errorDetail": {"code": 4, "message": CODE}, "error": CODE},
        {"errorDetail": {"code": 4, "message": CODE}},
    ],
)
def test_a_failure_is_told_by_every_engine(message: dict[str, Any]) -> None:
    assert failure(message) == CODE


@pytest.mark.parametrize("message", [{}, {"stream": "Step 1/2"}, {"aux": {"ID": "sha256:1"}}, {"errorDetail": None}])
def test_any_other_message_is_no_failure(message: dict[str, Any]) -> None:
    assert failure(message) == ""
