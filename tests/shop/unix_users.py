"""Users and groups of this machine that a test makes, and removes at its end."""

from __future__ import annotations

import grp
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def unix_group() -> Iterator[grp.struct_group]:
    """A group without members."""
    name = f"hs-it-{secrets.token_hex(4)}"
    subprocess.run(["groupadd", "--system", name], check=True)
    try:
        yield grp.getgrnam(name)
    finally:
        subprocess.run(["groupdel", name], check=True)


@contextmanager
def unix_user(home: Path, *groups: str) -> Iterator[str]:
    """The name of an ordinary user with a home of their own, who is in these groups too."""
    name = f"hs-it-{secrets.token_hex(4)}"
    command = ["useradd", "--create-home", "--home-dir", str(home), "--shell", "/bin/sh", "--user-group"]
    # "*": no password fits, but the account is not locked; sshd refuses a locked one (sshd_config(5), UsePAM).
    subprocess.run([*command, "--password", "*", "--groups", ",".join(groups), name], check=True)
    try:
        yield name
    finally:
        subprocess.run(["pkill", "-KILL", "-u", name], check=False)
        subprocess.run(["userdel", name], check=True, stderr=subprocess.DEVNULL)
        shutil.rmtree(home, ignore_errors=True)
