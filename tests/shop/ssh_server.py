"""A real sshd on loopback, with a configuration and keys of its own."""

from __future__ import annotations

import os
import pwd
import shlex
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.shop.installation import free_port
from tests.waiting import until


@dataclass(frozen=True)
class SshServer:
    """The server's port, and the client's key, which opens every account that ``let_in`` has prepared."""

    port: int
    key: Path

    def let_in(self, user: str) -> None:
        """Let the client log in as this user."""
        account = pwd.getpwnam(user)
        folder = Path(account.pw_dir) / ".ssh"
        folder.mkdir(mode=0o700)
        (folder / "authorized_keys").write_text(self.key.with_suffix(".pub").read_text())
        for path in (folder, folder / "authorized_keys"):
            os.chown(path, account.pw_uid, account.pw_gid)

    @property
    def command(self) -> str:
        """The client, as ``GIT_SSH_COMMAND``."""
        options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"]
        named = [argument for option in options for argument in ("-o", option)]
        return shlex.join(["ssh", "-F", "none", "-i", str(self.key), *named])

    def run(self, user: str, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as this user."""
        ssh = [*shlex.split(self.command), "-p", str(self.port), f"{user}@127.0.0.1", command]
        return subprocess.run(ssh, capture_output=True, text=True, check=False, timeout=30)


@contextmanager
def ssh_server(folder: Path, git_config: str) -> Iterator[SshServer]:
    """Serve all users with keys below ``folder``; ``git_config``: what ``git config --system`` finds there."""
    system = folder / "gitconfig"
    system.write_text(git_config)
    system.chmod(0o644)
    for name in ("host_key", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    port = free_port()
    lines = [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {folder / 'host_key'}",
        f"PidFile {folder / 'sshd.pid'}",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "UsePAM no",
        "StrictModes no",
        f"SetEnv GIT_CONFIG_SYSTEM={system}",
    ]
    (folder / "sshd_config").write_text("\n".join([*lines, ""]))
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd's privilege separation wants it
    with subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", str(folder / "sshd_config")]) as server:
        try:
            until(lambda: _listens(port), 10, "sshd")
            yield SshServer(port, folder / "key")
        finally:
            server.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
