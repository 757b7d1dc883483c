"""The connection to Docker."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.builders.engine import Engine
from hookserver.config import DockerSettings
from hookserver.errors import BuildError
from hookserver.state.state_dir import StateDir


def test_a_docker_that_wants_tls_is_spoken_to_with_the_certificates_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
    with pytest.raises(BuildError, match="certificate"):
        _ = Engine(DockerSettings(host="tcp://127.0.0.1:1"), StateDir(tmp_path)).api
