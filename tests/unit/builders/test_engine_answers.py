"""Docker's answers as engines from 20.10 to 29 give them."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from hookserver import models
from hookserver.builders import Images
from hookserver.builders.engine import Engine
from hookserver.builders.translate import failure
from hookserver.config import DockerSettings
from hookserver.models import StateDir

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


@pytest.mark.parametrize("config", [{"Labels": None, "Env": []}, {"Env": ["PATH=/bin"]}])
def test_an_image_without_labels_has_the_usual_session_timeout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: dict[str, Any]
) -> None:
    """Since API 1.52 what is not set is left out."""
    monkeypatch.setattr(Engine, "inspect", lambda _engine, _image: {"Id": "sha256:1", "Config": config})
    images = Images(DockerSettings(subnet=IPv4Network("172.30.240.0/20")), StateDir(tmp_path))
    assert images.session_timeout("sha256:1") == models.SESSION_TIMEOUT
