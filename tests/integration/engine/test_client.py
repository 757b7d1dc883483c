from __future__ import annotations

import gc
import socket
import time
from pathlib import Path

import pytest

from hookserver.config import DockerSettings
from hookserver.containers import Containers
from hookserver.engine.client import Engine
from hookserver.errors import ContainerError
from hookserver.models import Slot


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_missing_docker_is_an_error(tmp_path: Path) -> None:
    containers = Containers(DockerSettings(host=f"unix://{tmp_path}/docker.sock"), tmp_path)
    with pytest.raises(ContainerError, match="does not answer") as caught:
        containers.stop("shop", Slot.BLUE, 1)
    assert "systemctl start docker" in caught.value.remedy
    del caught
    gc.collect()  # docker-py leaves the socket of a failed connection to the garbage collector, which complains


def test_docker_that_hangs_is_an_error_in_time(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "docker.sock"))
        server.listen()
        engine = Engine(f"unix://{tmp_path}/docker.sock", timeout=1)
        started = time.monotonic()
        with pytest.raises(ContainerError, match="did not answer within 1 s"), engine.doing("list the containers"):
            engine.api.containers()
        assert time.monotonic() - started < 3
