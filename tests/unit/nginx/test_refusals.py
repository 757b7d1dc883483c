"""The requests that Nginx refused before the web process."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hookserver.nginx import refusals


def test_requests_are_counted_by_status_and_address_and_the_log_is_empty_then(tmp_path: Path) -> None:
    log = tmp_path / "refused.log"
    log.write_text("127.0.0.2 429\n" * 3 + "10.0.0.1 413\n" + "::1 429\n" * 2 + "10.0.0.2 503\n")
    assert refusals.take(log) == (
        "Nginx refused 7 requests to server.listen (1 with 413, 5 with 429, 1 with 503), "
        "most from 127.0.0.2 (3), ::1 (2), 10.0.0.1 (1)"
    )
    assert log.read_text() == ""
    assert refusals.take(log) is None


def test_nginx_goes_on_in_the_emptied_log(tmp_path: Path) -> None:
    log = tmp_path / "refused.log"
    with log.open("a") as nginx:
        for _ in range(2):
            nginx.write("10.0.0.1 429\n")
            nginx.flush()
            assert "1 requests" in str(refusals.take(log))
    assert log.stat().st_size == 0


def test_log_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert refusals.take(tmp_path / "refused.log") is None


def test_flood_of_addresses_takes_little_memory(tmp_path: Path) -> None:
    log = tmp_path / "refused.log"
    log.write_text("".join(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255} 429\n" for n in range(20_000)))
    assert "20000 requests" in str(refusals.take(log))


@given(st.binary(max_size=300))
def test_any_bytes_are_counted(content: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(content)
        line = refusals.take(Path(file.name))
    assert (line is None) is (content == b"")
    assert line is None or "\n" not in line
