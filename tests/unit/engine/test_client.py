"""The connection to Docker, against a socket that answers as the engine does."""

from __future__ import annotations

import http.server
import io
import json
import socketserver
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docker.errors import APIError, DockerException

from hookserver.engine.client import Engine, in_parallel
from hookserver.errors import BuildError, ContainerError, DeployFailed


class EngineHandler(http.server.BaseHTTPRequestHandler):
    """The engine's version, and a refusal of every POST."""

    def do_GET(self) -> None:
        self._answer(200, {"ApiVersion": "1.41", "MinAPIVersion": "1.12"})

    def do_POST(self) -> None:
        self._answer(400, {"message": "the image is too old"})

    def _answer(self, status: int, body: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def socket_path(tmp_path: Path) -> Iterator[str]:
    with socketserver.ThreadingUnixStreamServer(str(tmp_path / "docker.sock"), EngineHandler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"unix://{tmp_path}/docker.sock"
        server.shutdown()


def test_engine_that_wants_tls_gets_the_certificates_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
    with pytest.raises(BuildError, match="certificate"):
        _ = Engine("tcp://127.0.0.1:1", error=BuildError).api


def test_host_comes_from_the_settings_then_the_environment_then_the_local_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://10.0.0.1:2376")
    assert Engine("unix:///other.sock").host == "unix:///other.sock"
    assert Engine("").host == "tcp://10.0.0.1:2376"
    assert not Engine("").is_local
    monkeypatch.delenv("DOCKER_HOST")
    assert Engine("").is_local


@pytest.mark.parametrize("kind", [BuildError, ContainerError])
@pytest.mark.parametrize(
    "error",
    [
        APIError("x", explanation="it refuses"),
        DockerException("it refuses"),
        OSError("it refuses"),
        tarfile.ReadError("it refuses"),
    ],
)
def test_errors_of_docker_become_those_of_the_caller(kind: type[DeployFailed], error: Exception) -> None:
    with (
        pytest.raises(kind, match=r"cannot list the containers: .*it refuses") as raised,
        Engine("", error=kind).doing("list the containers"),
    ):
        raise error
    assert raised.value.remedy


def test_errors_of_ours_pass_unchanged() -> None:
    with pytest.raises(BuildError, match=r"^no WAR"), Engine("").doing("take the WAR out"):
        raise BuildError("no WAR")


def test_refused_stream_raises_what_docker_says(socket_path: str) -> None:
    engine = Engine(socket_path, error=BuildError)
    with pytest.raises(BuildError, match="Docker refuses: the image is too old"):
        engine.stream("build", {"rm": 1}, io.BytesIO(b"")).__enter__()
    engine.close()


def test_closed_engine_connects_again(socket_path: str) -> None:
    engine = Engine(socket_path)
    first = engine.api
    engine.close()
    assert engine.api is not first
    engine.close()
    engine.close()


def test_parallel_results_keep_their_order() -> None:
    barrier = threading.Barrier(3, timeout=10)

    def double(number: int) -> int:
        barrier.wait()
        return 2 * number

    assert in_parallel(double, [3, 1, 2]) == [6, 2, 4]
    assert in_parallel(double, []) == []


def test_parallel_actions_all_end_then_our_error_is_raised_first() -> None:
    ended = []

    def act(action: Callable[[], None]) -> None:
        try:
            action()
        finally:
            ended.append(action)

    def break_down() -> None:
        raise ValueError("a fault")

    def refuse() -> None:
        raise ContainerError("refused")

    with pytest.raises(ContainerError, match="refused"):
        in_parallel(act, [break_down, refuse])
    assert len(ended) == 2
