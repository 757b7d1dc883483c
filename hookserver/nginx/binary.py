"""Runs the nginx program: test a text, start an instance. What it says on failure becomes the error's text."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from hookserver.errors import NginxError

_SEARCHED = f"{os.defpath}:/usr/local/sbin:/usr/sbin:/sbin"
_PATIENCE = 60.0
_WORKER_USERS = ("www-data", "nginx", "nobody")


def locate(binary: str) -> str:
    """The program's path, from a name, a path or the folder it lies in. Raises NginxError when it is not there."""
    given = Path(binary)
    candidate = str(given / "nginx") if given.is_dir() else binary
    found = shutil.which(candidate, path=f"{os.environ.get('PATH', '')}:{_SEARCHED}")
    if found is None:
        raise NginxError(
            f"no program {candidate!r} was found",
            "Install Nginx (Debian, Ubuntu: apt-get install nginx), or set nginx.binary to where it is.",
        )
    return found


def worker_user() -> tuple[pwd.struct_passwd, str] | None:
    """The user and group for Nginx's workers: the distribution's own. None when we cannot give them another user."""
    if os.geteuid() != 0:
        return None
    for user in _WORKER_USERS:
        try:
            entry = pwd.getpwnam(user)
            return entry, grp.getgrgid(entry.pw_gid).gr_name
        except KeyError:
            continue
    raise NginxError(f"none of the users {', '.join(_WORKER_USERS)} exists", "Make one: useradd --system nginx")


def test(binary: str, folder: Path, conf: Path) -> None:
    """``nginx -t``. Raises NginxError with Nginx's own lines."""
    code, said = _run(binary, folder, conf, "-t", "-q")
    if code != 0:
        raise NginxError(
            f"Nginx refuses the configuration that follows from the settings:\n{said}",
            _remedy(said) or f"The one before it is kept. Mend the settings that the lines of {conf} come from.",
        )


def start(binary: str, folder: Path, conf: Path) -> None:
    """Start a daemon that outlives us, in a session of its own. Raises NginxError when it does not come up."""
    code, said = _run(binary, folder, conf)
    if code != 0:
        raise NginxError(f"Nginx does not start:\n{said}", _remedy(said) or f"Read {folder / 'logs' / 'error.log'}.")


def _remedy(said: str) -> str:
    if "bind()" in said and "Address already in use" in said:
        return "Another program has this address: stop it, or set nginx.listen to another one."
    if "bind()" in said and "Permission denied" in said:
        return "Run hookserver as root, or set nginx.listen to ports from 1024 on."
    if "bind()" in said and "Cannot assign requested address" in said:
        return "This machine has no such address: mend nginx.listen."
    return ""


def _run(binary: str, folder: Path, conf: Path, *options: str) -> tuple[int, str]:
    command = [locate(binary), *options, "-p", f"{folder}/", "-c", str(conf)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={"PATH": _SEARCHED},
            start_new_session=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NginxError(f"`{' '.join(command)}` gave no answer in {_PATIENCE:.0f} s", "Run it by hand.") from error
    except OSError as error:
        raise NginxError(f"`{command[0]}` cannot be run: {error}", "Set nginx.binary to a working Nginx.") from error
    return done.returncode, done.stdout.decode("utf-8", "replace").strip()
