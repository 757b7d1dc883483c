"""``hooks/post-receive`` with real pushes to a bare repository."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hookserver.models import Status, Trigger
from tests.integration.web.conftest import Player, Web, free_port

HOOK = Path(__file__).parents[3] / "hooks/post-receive"
WHO = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]


@dataclass
class Clone:
    """A working copy, the bare repository it pushes to, and the environment of both."""

    path: Path
    bare: Path
    token_file: Path
    environment: dict[str, str]

    def git(self, *arguments: str, check: bool = True) -> str:
        """Run git here; answer what it printed."""
        done = subprocess.run(
            ["git", *WHO, *arguments],
            cwd=self.path,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=60,
        )
        assert not check or done.returncode == 0, done.stdout
        return done.stdout

    def commit(self) -> None:
        self.git("commit", "--quiet", "--allow-empty", "-m", "Sell tea")

    def push(self, *refs: str) -> str:
        """The lines on the pusher's terminal, without git's own and without colours."""
        shown = self.git("push", "--force", "origin", *(refs or ("main",)))
        return "\n".join(
            line.removeprefix("remote: ").rstrip() for line in shown.splitlines() if line.startswith("remote: ")
        )

    def set(self, key: str, value: str) -> None:
        subprocess.run(["git", "config", key, value], cwd=self.bare, check=True)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "LC_ALL": "C"}
    clone = Clone(tmp_path / "work", tmp_path / "shop.git", tmp_path / "token", environment)
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", clone.bare], check=True)
    shutil.copy(HOOK, clone.bare / "hooks/post-receive")
    clone.path.mkdir()
    clone.git("init", "--quiet", "-b", "main")
    clone.git("remote", "add", "origin", str(clone.bare))
    clone.commit()
    return clone


@pytest.fixture
def ready(web: Web, clone: Clone) -> Clone:
    """Its repository knows the running web process."""
    clone.token_file.write_text(f"{web.token}\n")
    clone.set("hookserver.app", "shop")
    clone.set("hookserver.url", web.url)
    clone.set("hookserver.tokenFile", str(clone.token_file))
    return clone


def test_push_shows_the_log_until_the_deploy_is_live(ready: Clone, web: Web, player: Player) -> None:
    player.go_on.set()
    assert ready.push().splitlines() == [
        "-----> queued as deploy 1",
        "       (Ctrl-C ends this log, not the deploy)",
        "-----> Building",
        "       built",
        "=====> deploy 1 of shop is live",
    ]
    deploy = web.store.deploy(1)
    assert (deploy.trigger, deploy.by) == (Trigger.GIT_PUSH, "tests")


def test_lines_reach_the_pusher_while_the_deploy_runs(ready: Clone, player: Player) -> None:
    with pushing(ready) as push:
        assert push.stdout is not None
        while "-----> Building" not in push.stdout.readline():
            assert push.poll() is None
        player.go_on.set()
        assert "is live" in push.stdout.read()


def test_failed_deploy_is_shown_and_the_push_stays_accepted(ready: Clone, player: Player) -> None:
    player.status, player.reason = Status.FAILED, "no WAR came out\nof the build"
    player.go_on.set()
    assert ready.push().splitlines()[-2:] == [
        " !     deploy failed: no WAR came out",
        " !     The previous release stays live.",
    ]
    assert ready.git("ls-remote", "origin", "main").split()[0] == ready.git("rev-parse", "HEAD").strip()


@pytest.mark.usefixtures("worker_lock")
def test_superseded_and_cancelled_deploys_are_shown_as_such(
    ready: Clone, web: Web, eventually: Callable[..., object]
) -> None:
    with pushing(ready) as first:
        eventually(lambda: web.store.deploys())
        ready.commit()
        with pushing(ready) as second:
            eventually(lambda: len(web.store.deploys()) == 2)
            web.store.cancel(2)
            assert "deploy 2: cancelled" in second.communicate(timeout=20)[0]
        assert "deploy 1: superseded by deploy 2" in first.communicate(timeout=20)[0]


def test_push_of_50_refs_requests_one_deploy(ready: Clone, web: Web, player: Player) -> None:
    player.go_on.set()
    for number in range(49):
        ready.git("branch", f"b{number}")
    assert "is live" in ready.push("--all")
    assert [deploy.number for deploy in web.store.deploys()] == [1]


def test_push_of_other_branches_deploys_nothing_with_a_message(ready: Clone, web: Web) -> None:
    assert ready.push("main:other", "main:refs/tags/v1") == (
        "       nothing to deploy: hookserver deploys only main (git config hookserver.branch)"
    )
    ready.set("hookserver.branch", "trunk")
    assert "deploys only trunk" in ready.push()
    assert web.store.deploys() == []


def test_branch_without_deploys_is_reported_with_the_remedy(ready: Clone, web: Web) -> None:
    ready.set("hookserver.branch", "trunk")
    shown = ready.push("main:trunk")
    assert "shop deploys main, not 'trunk'" in shown
    assert web.store.deploys() == []


def test_deletion_deploys_nothing_with_a_message(ready: Clone, web: Web) -> None:
    ready.set("receive.denyDeleteCurrent", "ignore")
    ready.push()
    assert " !     main was deleted: nothing to deploy" in ready.push(":main")
    assert len(web.store.deploys()) == 1


def test_waiting_deploy_shows_its_reason_and_does_not_block_the_push(ready: Clone, web: Web) -> None:
    assert ready.push().splitlines() == [
        "-----> queued as deploy 1",
        " !     the worker is not running; the deploy waits for it",
    ]
    web.store.lock("shop", 'the "big" sale', "ada")
    ready.commit()
    assert ready.push().splitlines()[1] == (
        ' !     shop is locked by ada: the "big" sale; the deploy waits for the unlock'
    )


def test_push_is_accepted_at_once_while_the_service_is_down(ready: Clone) -> None:
    ready.set("hookserver.url", f"http://127.0.0.1:{free_port()}")
    began = time.monotonic()
    shown = ready.push()
    assert time.monotonic() - began < 4
    assert "the push is accepted; hookserver does not answer" in shown
    assert "when it runs again" in shown


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
def test_proxy_of_the_pusher_is_not_used(ready: Clone, player: Player, variable: str) -> None:
    player.go_on.set()
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(0)
        ready.environment[variable] = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        assert "is live" in ready.push()
        with pytest.raises(BlockingIOError):
            proxy.accept()


def test_proxy_before_a_tls_address_is_reported_as_the_cause(ready: Clone) -> None:
    port = free_port()
    ready.set("hookserver.url", "https://deploy.example.com")
    ready.environment["https_proxy"] = f"http://127.0.0.1:{port}"
    shown = ready.push()
    assert f"127.0.0.1 port {port}" in shown
    assert "the push is accepted; hookserver does not answer" in shown


def test_hanging_service_does_not_block_the_push(ready: Clone) -> None:
    hook = ready.bare / "hooks/post-receive"
    hook.write_text(hook.read_text().replace("--max-time 10", "--max-time 1"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ready.set("hookserver.url", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert "hookserver does not answer" in ready.push()


def test_refused_token_is_reported_with_the_remedy_and_never_shown(ready: Clone) -> None:
    ready.token_file.write_text("hs_wrong\n")
    shown = ready.push()
    assert f"refuses the token in {ready.token_file}" in shown
    assert "hookserver token create --app shop" in shown
    assert "hs_wrong" not in shown


@pytest.mark.parametrize("content", [None, "", "\n", 'a"\nurl = "http://192.0.2.1"', "two words"])
def test_token_file_without_a_token_is_reported(ready: Clone, content: str | None) -> None:
    ready.token_file.unlink()
    if content is not None:
        ready.token_file.write_text(content)
    assert "the push is accepted, but not deployed now" in ready.push()


def test_unknown_app_and_missing_settings_are_reported(ready: Clone) -> None:
    ready.set("hookserver.app", "shpo")
    shown = ready.push()
    assert "there is no app 'shpo'" in shown
    assert "Did you mean 'shop'?" in shown
    ready.set("hookserver.url", "")
    ready.commit()
    assert "hookserver.url is not set" in ready.push()


def test_push_is_accepted_without_curl_with_a_message(ready: Clone, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("git", "sh"):
        (programs / name).symlink_to(str(shutil.which(name)))
    ready.environment["PATH"] = str(programs)
    assert "curl is not installed" in ready.push()


def test_token_is_on_no_command_line(ready: Clone, web: Web, player: Player) -> None:
    seen: set[bytes] = set()
    stopped = threading.Event()

    def watch() -> None:
        while not stopped.is_set():
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(process.read_bytes())
                except OSError:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with pushing(ready) as push:
            assert push.stdout is not None
            while "-----> Building" not in push.stdout.readline():
                assert push.poll() is None
            player.go_on.set()
            push.stdout.read()
    finally:
        stopped.set()
        watcher.join()
    assert any(b"curl" in line and b"/log?follow=1" in line for line in seen)
    assert not any(web.token.encode() in line for line in seen)


# Ctrl-C


@contextmanager
def pushing(clone: Clone) -> Iterator[subprocess.Popen[str]]:
    """A push that goes on while the test does something else, in a process group of its own as in a terminal."""
    command = ["git", *WHO, "push", "origin", "main"]
    with subprocess.Popen(
        command,
        cwd=clone.path,
        env=clone.environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as push:
        try:
            yield push
        finally:
            if push.poll() is None:
                os.killpg(push.pid, signal.SIGKILL)


def test_ctrl_c_ends_the_log_and_the_deploy_continues(
    ready: Clone, web: Web, player: Player, eventually: Callable[..., object]
) -> None:
    with pushing(ready) as push:
        assert push.stdout is not None
        while "-----> Building" not in push.stdout.readline():
            assert push.poll() is None
        os.killpg(push.pid, signal.SIGINT)
        push.wait(5)
        eventually(lambda: not processes_of(push.pid))
    assert web.store.deploy(1).status is Status.RUNNING
    player.go_on.set()
    eventually(lambda: web.store.deploy(1).status is Status.LIVE)


def test_ctrl_c_before_the_deploy_is_queued_does_not_prevent_it(
    ready: Clone, web: Web, eventually: Callable[..., object]
) -> None:
    web.process.send_signal(signal.SIGSTOP)
    with pushing(ready) as push:
        eventually(lambda: any("curl" in line for line in processes_of(push.pid)))
        os.killpg(push.pid, signal.SIGINT)
        push.wait(20)
        web.process.send_signal(signal.SIGCONT)
        eventually(lambda: web.store.deploys())


def processes_of(session: int) -> list[str]:
    """The command lines of a session's processes that still run."""
    listed = subprocess.run(
        ["ps", "-o", "stat=,args=", "-s", str(session)], text=True, capture_output=True, check=False
    )
    return [line for line in listed.stdout.splitlines() if not re.match("Z", line)]
