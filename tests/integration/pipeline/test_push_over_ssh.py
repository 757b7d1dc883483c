"""Ordinary users push over ssh: members of ``server.push_group`` may, others may not."""

from __future__ import annotations

import http.server
import os
import socketserver
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hookserver.config import Settings, parse
from hookserver.errors import GitError
from hookserver.pipeline.context import Context
from hookserver.pipeline.push_repositories import prepare_push_repositories
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.wiring import make_context
from tests.shop.ssh_server import SshServer, ssh_server
from tests.shop.unix_users import unix_group, unix_user


class _Api(http.server.BaseHTTPRequestHandler):
    """Answers as the API does, and remembers what it was asked."""

    asked: list[tuple[str, str, str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.append((self.path, self.headers["Authorization"], body))
        self._answer(202, "-----> queued as deploy 7\n")

    def do_GET(self) -> None:
        self._answer(200, "=====> live: 3f2a9c81d0b7 on blue\nlive\n")

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def address_string(self) -> str:
        return "a hook"

    def log_message(self, *_: object) -> None:
        pass


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@dataclass(frozen=True)
class Machine:
    """An installation with one app, an sshd, a member of the push group, and a stranger."""

    context: Context
    state: StateDir
    asked: list[tuple[str, str, str]]
    ssh: SshServer
    member: str
    second: str
    stranger: str
    clone: Path

    @property
    def repository(self) -> Path:
        return self.state.push_repository("shop")

    def push(self, user: str, *refs: str) -> subprocess.CompletedProcess[str]:
        return self.git("push", "--force", self.url(user), *(refs or ("main",)))

    def url(self, user: str) -> str:
        return f"ssh://{user}@127.0.0.1:{self.ssh.port}{self.repository}"

    def git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        identity = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        environment = {"PATH": os.environ["PATH"], "GIT_SSH_COMMAND": self.ssh.command, **identity}
        environment |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        command = ["git", *arguments]
        return subprocess.run(
            command, cwd=self.clone, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    def tip(self) -> str:
        return self.git("rev-parse", "HEAD").stdout.strip()

    def fetched(self) -> str:
        """The tip that a deploy fetches."""
        return self.context.mirror(self.context.settings.apps["shop"], 0).fetch(20)


@contextmanager
def api(state: StateDir, asked: list[tuple[str, str, str]]) -> Iterator[None]:
    """The API on the socket of the hooks, as the web process serves it: its folder says who may connect."""
    handler = type("Api", (_Api,), {"asked": asked})
    with _Server(str(state.push_socket), handler) as server:
        state.push_socket.chmod(0o666)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.fixture
def machine() -> Iterator[Machine]:
    """Not below pytest's own folder, which is root's alone."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hookserver-it-", dir="/var/tmp")))
        folder.chmod(0o755)
        group = stack.enter_context(unix_group())
        users = [stack.enter_context(unix_user(folder / "ada", group.gr_name))]
        users += [stack.enter_context(unix_user(folder / "bob", group.gr_name))]
        users += [stack.enter_context(unix_user(folder / "eve"))]
        state = StateDir(folder / "state")
        settings = parse(settings_text(state, group.gr_name), folder / "hookserver.toml").settings
        store = Store(state)
        stack.callback(store.close)
        store.upgrade()
        store.sync_apps(settings.apps)
        context = make_context(settings, store)
        prepare_push_repositories(context, pytest.fail)
        asked: list[tuple[str, str, str]] = []
        stack.enter_context(api(state, asked))
        safe = f"[safe]\n\tdirectory = {state.push_repository('shop')}\n"
        ssh = stack.enter_context(ssh_server(folder, safe))
        for user in users:
            ssh.let_in(user)
        clone = folder / "clone"
        clone.mkdir()
        made = Machine(context, state, asked, ssh, users[0], users[1], users[2], clone)
        made.git("init", "--quiet", "--initial-branch=main")
        made.git("commit", "--quiet", "--allow-empty", "-m", "first")
        yield made


FORBIDDEN = (
    "echo x >> config",
    "git config core.hooksPath /tmp",
    "mv config config.old",
    "mv hooks hooks.old",
    "echo x > hooks/post-receive",
    "touch hooks/post-update",
    "rm -f hooks/post-receive",
    "touch commondir",
    "ln -s /etc HEAD.lock",
    "echo x > HEAD",
    "echo /tmp > objects/info/alternates",
    "mv objects/info objects/info.old",
    "mv objects objects.old",
    "echo x > refs/hookserver/branch",
    "mv refs/hookserver refs/x",
    "mv refs/heads refs/x",
    "touch ../other.git",
    "mv ../shop.token ../x",
    "echo x > ../shop.token",
)


def settings_text(state: StateDir, group: str) -> str:
    return (
        f'[server]\nstate_dir = "{state.root}"\npush_group = "{group}"\n'
        '[apps.shop]\nrepository = "push"\ndomains = ["shop.test"]\n'
    )


def test_member_pushes_over_ssh_and_sees_the_deploy(machine: Machine) -> None:
    done = machine.push(machine.member)
    assert done.returncode == 0, done.stderr
    assert "deploy 7 of shop is live" in done.stderr
    token = machine.state.push_token("shop").read_text().strip()
    assert machine.asked == [("/api/v1/apps/shop/deploys", f"Bearer {token}", "trigger=git-push&ref=main")]
    assert machine.fetched() == machine.tip()


def test_members_push_one_after_the_other_also_by_force(machine: Machine) -> None:
    for number, user in enumerate((machine.member, machine.second, machine.member)):
        machine.git("commit", "--quiet", "--amend", "--allow-empty", "-m", f"version {number}")
        done = machine.push(user, "main", f"main:refs/heads/feature/{number}", f"main:refs/tags/v{number}")
        assert done.returncode == 0, done.stderr
        assert machine.fetched() == machine.tip()
    assert len(machine.asked) == 3
    cloned = machine.git("clone", "--quiet", machine.url(machine.second), "c")
    assert cloned.returncode == 0, cloned.stderr
    assert "not checked out" not in cloned.stderr
    assert "unable to checkout" not in cloned.stderr


def test_member_deletes_no_branch_and_is_told_so(machine: Machine) -> None:
    assert machine.push(machine.member, "main", "main:other").returncode == 0
    done = machine.push(machine.member, ":other")
    assert "deletion prohibited" in done.stderr


def test_stranger_neither_pushes_nor_reads(machine: Machine) -> None:
    assert machine.push(machine.member).returncode == 0
    refused = machine.push(machine.stranger)
    assert refused.returncode != 0
    assert len(machine.asked) == 1
    for command in (
        f"cat {machine.state.push_token('shop')}",
        f"cat {machine.repository}/config",
        f"ls {machine.repository}",
        f"ls {machine.state.root}/repos",
        f"git ls-remote {machine.repository}",
        f"curl -sS --unix-socket {machine.state.push_socket} http://localhost/",
    ):
        done = machine.ssh.run(machine.stranger, command)
        assert (done.returncode != 0, done.stdout) == (True, ""), command


def test_member_changes_nothing_that_others_run_or_trust(machine: Machine) -> None:
    before = sorted(str(path) for path in machine.repository.parent.rglob("*"))
    for command in FORBIDDEN:
        done = machine.ssh.run(machine.member, f"cd {machine.repository} && {command}")
        assert done.returncode != 0, command
    assert sorted(str(path) for path in machine.repository.parent.rglob("*")) == before


def test_member_gets_nothing_of_another_app_by_links(machine: Machine) -> None:
    """Root's fetch reads no more than the member could."""
    assert machine.push(machine.member).returncode == 0
    secret = machine.state.mirror("blog")
    machine.git("init", "--quiet", "--bare", str(secret))
    (machine.clone / "password.txt").write_text("canary")
    machine.git("add", ".")
    machine.git("commit", "--quiet", "-m", "secret")
    machine.git("push", "--quiet", str(secret), "main")
    tip = machine.tip()
    machine.state.mirror("blog").parent.chmod(0o700)
    objects = [str(file.relative_to(secret)) for file in (secret / "objects").rglob("*") if file.is_file()]
    links = "; ".join(f"mkdir -p {Path(name).parent}; ln -s {secret}/{name} {name}" for name in objects)
    done = machine.ssh.run(machine.member, f"cd {machine.repository}; {links}; echo {tip} > refs/heads/main")
    assert (machine.repository / "refs/heads/main").read_text().strip() == tip, done.stderr
    with pytest.raises(GitError):
        machine.fetched()


def test_change_of_the_group_keeps_the_commits_and_closes_the_repository_to_the_old_one(machine: Machine) -> None:
    assert machine.push(machine.member, "main", "main:other").returncode == 0
    tip = machine.tip()
    closed = parse(settings_text(machine.state, "").replace('push_group = ""\n', ""), Path("x.toml")).settings
    prepare_push_repositories(with_settings(machine.context, closed), pytest.fail)
    assert machine.push(machine.member).returncode != 0
    assert machine.fetched() == tip
    assert machine.ssh.run(machine.member, f"cat {machine.state.push_token('shop')}").returncode != 0
    prepare_push_repositories(machine.context, pytest.fail)
    machine.git("commit", "--quiet", "--amend", "--allow-empty", "-m", "again")
    assert machine.push(machine.second).returncode == 0
    assert machine.fetched() == machine.tip()


def with_settings(context: Context, settings: Settings) -> Context:
    return make_context(settings, context.store)


def test_hook_reports_a_socket_that_nobody_serves(machine: Machine) -> None:
    machine.state.push_socket.unlink()
    done = machine.push(machine.member)
    assert done.returncode == 0
    assert f"hookserver does not answer at {machine.state.push_socket}" in done.stderr
