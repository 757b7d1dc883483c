from __future__ import annotations

import base64
import http.server
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hookserver.errors import GitError
from hookserver.git import Mirror
from hookserver.state.deploy_processes import TAG
from tests.integration.git.conftest import Source, bad_line, free_port, git
from tests.waiting import until

Make = Callable[..., Mirror]
PASSWORD = "canary-s3cret"
TOKEN = "canary-t0ken"


def leftovers(tmp_path: Path) -> list[Path]:
    mirror = tmp_path / "state/mirrors"
    return [path for path in mirror.rglob("*") if path.name.endswith((".lock", ".new")) or "tmp_" in path.name]


def running(tag: str) -> list[str]:
    """The processes of a deploy that still run."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"{TAG}={tag}".encode() in environment.read_bytes().split(b"\0"):
                found.append(environment.parent.name)
    return found


@pytest.fixture
def big(source: Source) -> str:
    """A tip whose pack is some 2 MB, whatever git does to compress it."""
    return source.commit({"big.bin": os.urandom(1 << 20).hex()})


def test_broken_connection_is_reported_and_the_next_fetch_works(
    source: Source, daemon: int, big: str, mirror_of: Make, tmp_path: Path
) -> None:
    with (
        bad_line(daemon, limit=200_000, then="cut") as port,
        pytest.raises(GitError, match="git server broke"),
    ):
        mirror_of(f"http://127.0.0.1:{port}/shop.git").fetch(20)
    assert leftovers(tmp_path) == []
    assert mirror_of(f"http://127.0.0.1:{daemon}/shop.git").fetch(20) == big


@pytest.mark.parametrize("then", ["stall", "drip"])
def test_fetch_from_a_slow_server_ends_at_the_deadline(
    source: Source, daemon: int, big: str, mirror_of: Make, tmp_path: Path, then: str
) -> None:
    with bad_line(daemon, limit=100_000, then=then) as port:
        started = time.monotonic()
        with pytest.raises(GitError, match="did not end within"):
            mirror_of(f"http://127.0.0.1:{port}/shop.git").fetch(1.5)
        assert time.monotonic() - started < 4
    assert leftovers(tmp_path) == []
    until(lambda: not running("git-tests"), 2, "the end of git's processes")


def test_tip_of_a_silent_server_ends_at_the_deadline(source: Source, daemon: int, mirror_of: Make) -> None:
    with bad_line(daemon, limit=0, then="stall") as port, pytest.raises(GitError, match="did not end within"):
        mirror_of(f"http://127.0.0.1:{port}/shop.git").tip(1)


def test_unreachable_server_is_reported_at_once(mirror_of: Make) -> None:
    with pytest.raises(GitError, match="cannot be reached"):
        mirror_of(f"http://127.0.0.1:{free_port()}/shop.git").tip(10)


def test_unknown_host_name_is_reported(mirror_of: Make) -> None:
    with pytest.raises(GitError, match="name is not found"):
        mirror_of("http://no-such-host.invalid/shop.git").tip(20)


def test_address_of_another_kind_is_refused_and_runs_nothing(mirror_of: Make, tmp_path: Path) -> None:
    for address in (f"ext::sh -c touch% {tmp_path}/ran", "git://127.0.0.1/shop.git", f"file://{tmp_path}"):
        with pytest.raises(GitError, match="not allowed"):
            mirror_of(address).tip(10)
    with pytest.raises(GitError):
        mirror_of(f"--upload-pack=touch {tmp_path}/ran").tip(10)
    assert not (tmp_path / "ran").exists()


class _Forge(http.server.SimpleHTTPRequestHandler):
    """A forge that wants a password, or a token as the user, and meanwhile looks whether the process list shows it."""

    folder: str
    seen: list[str]

    def do_GET(self) -> None:
        self.seen += [_command_lines()]
        wanted = [base64.b64encode(who.encode()).decode() for who in (f"bot:{PASSWORD}", f"{TOKEN}:")]
        if self.headers["Authorization"] not in [f"Basic {who}" for who in wanted]:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="forge"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        super().do_GET()

    def translate_path(self, path: str) -> str:
        return self.folder + path.partition("?")[0]

    def log_message(self, *_: object) -> None:
        pass


def _command_lines() -> str:
    lines = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(process.read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return "\n".join(lines)


@pytest.fixture
def forge(source: Source) -> Iterator[tuple[int, list[str]]]:
    """The port of a forge that wants a password, and the process lists seen while it was asked."""
    git(source.bare, "update-server-info")
    seen: list[str] = []
    handler = type("Forge", (_Forge,), {"folder": str(source.bare.parent), "seen": seen})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port, seen
        server.shutdown()
        thread.join()


def test_missing_password_is_reported_with_the_remedy_without_a_prompt(
    forge: tuple[int, list[str]], mirror_of: Make
) -> None:
    started = time.monotonic()
    with pytest.raises(GitError, match="refuses the login") as caught:
        mirror_of(f"http://127.0.0.1:{forge[0]}/shop.git").fetch(20)
    assert time.monotonic() - started < 5
    assert "netrc" in caught.value.remedy


def test_error_for_a_wrong_password_does_not_show_it(forge: tuple[int, list[str]], mirror_of: Make) -> None:
    with pytest.raises(GitError, match="refuses the login") as caught:
        mirror_of(f"http://bot:wrong-canary@127.0.0.1:{forge[0]}/shop.git").fetch(20)
    assert "wrong-canary" not in str(caught.value)


@pytest.mark.parametrize("user", [f"bot:{PASSWORD}", TOKEN])
def test_password_of_the_address_is_used_and_shown_nowhere(
    forge: tuple[int, list[str]], source: Source, mirror_of: Make, home: Path, tmp_path: Path, user: str
) -> None:
    (home / ".gitconfig").write_text("[credential]\n\thelper = store\n")
    port, seen = forge
    mirror = mirror_of(f"http://{user}@127.0.0.1:{port}/shop.git")
    tip = mirror.fetch(20)
    mirror.checkout(tip, tmp_path / "work", 20)
    assert tip == source.git("rev-parse", "HEAD")
    assert any("git" in lines for lines in seen)
    assert not any("canary" in lines for lines in seen)
    written = [*(tmp_path / "state").rglob("*"), *(tmp_path / "work").rglob("*"), *home.rglob("*")]
    assert not any(b"canary" in path.read_bytes() for path in written if path.is_file())


def test_password_of_a_user_comes_from_the_machines_credential_helper(
    forge: tuple[int, list[str]], mirror_of: Make, home: Path
) -> None:
    (home / ".gitconfig").write_text("[credential]\n\thelper = store\n")
    (home / ".git-credentials").write_text(f"http://bot:{PASSWORD}@127.0.0.1%3a{forge[0]}\n")
    assert mirror_of(f"http://bot@127.0.0.1:{forge[0]}/shop.git").tip(20)


def test_password_in_netrc_is_used(forge: tuple[int, list[str]], mirror_of: Make, home: Path) -> None:
    (home / ".netrc").write_text(f"machine 127.0.0.1 login bot password {PASSWORD}\n")
    (home / ".netrc").chmod(0o600)
    assert mirror_of(f"http://127.0.0.1:{forge[0]}/shop.git").tip(20)
