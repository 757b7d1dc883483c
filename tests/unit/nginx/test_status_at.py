"""The name and the addresses of the status server."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from hookserver.config import Settings
from hookserver.errors import NginxError
from hookserver.nginx import status_at
from hookserver.nginx.status_at import StatusAt
from tests.unit.nginx.conftest import StatusServer


def make(state_dir: Path, *listen: str) -> StatusAt:
    (state_dir / "nginx").mkdir(exist_ok=True)
    return StatusAt(Settings.model_validate({"server": {"state_dir": state_dir}, "nginx": {"listen": listen}}))


def test_name_stays_the_same_for_every_process(tmp_path: Path) -> None:
    name = make(tmp_path, "80").name()
    assert re.fullmatch(r"hookserver-[0-9a-f]{20}", name)
    assert make(tmp_path, "81").name() == name


def test_name_differs_between_installations(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    assert make(one, "80").name() != make(other, "80").name()


def test_name_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    make(tmp_path, "80").name()
    assert stat.S_IMODE((tmp_path / "nginx" / "status-name").stat().st_mode) == 0o600


def test_name_that_cannot_be_read_is_an_error_with_its_file(tmp_path: Path) -> None:
    status = make(tmp_path, "80")
    (tmp_path / "nginx" / "status-name").mkdir()
    with pytest.raises(NginxError, match="status-name cannot be used"):
        status.name()


def test_ask_uses_the_first_address_that_answers(tmp_path: Path, status_server: StatusServer, closed_port: int) -> None:
    status = make(tmp_path, f"127.0.0.1:{closed_port}", f"*:{status_server.port}")
    name = status.name()
    assert status.ask("/state/shop") == "green"
    assert status_server.requests == [(name, "/state/shop")]


def test_ask_sends_nothing_before_there_is_a_name(tmp_path: Path, status_server: StatusServer) -> None:
    assert make(tmp_path, f"127.0.0.1:{status_server.port}").ask("/state/shop") is None
    assert status_server.requests == []


def test_ask_returns_none_when_no_address_answers(tmp_path: Path, closed_port: int) -> None:
    status = make(tmp_path, f"127.0.0.1:{closed_port}")
    status.name()
    assert status.ask("/state/shop") is None


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [
        ("8080", "127.0.0.1", 8080),
        ("[::]:8080", "::1", 8080),
        ("[::1]:8080", "::1", 8080),
        ("127.0.0.2:8081", "127.0.0.2", 8081),
    ],
)
def test_ask_goes_to_the_loopback_address_where_nginx_listens_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listen: str, host: str, port: int
) -> None:
    asked = []
    monkeypatch.setattr(status_at, "ask", lambda host, port, *_: asked.append((host, port)))
    status = make(tmp_path, listen)
    status.name()
    status.ask("/flags")
    assert asked == [(host, port)]
