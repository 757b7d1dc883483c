"""Runs the nginx program: tests a configuration, starts an instance. Its output on failure becomes the error's text."""

from __future__ import annotations

import functools
import grp
import os
import pwd
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hookserver.errors import NginxError
from hookserver.plain_text import plain

_SEARCHED = f"{os.defpath}:/usr/local/sbin:/usr/sbin:/sbin"
_EXTRA = frozenset({"http_realip_module"})
"""Modules that we may need and that are in a build only when asked for."""
_PATIENCE = 60.0
_WORKER_USERS = ("www-data", "nginx", "nobody")


@dataclass(frozen=True)
class Output:
    """A finished program: its exit code, its standard output and its standard error."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class NginxBuild:
    """How the program was built (``nginx -V``); ``version`` is ``()`` when it names none that is known."""

    version: tuple[int, ...]
    options: Mapping[str, str]

    @property
    def lacking(self) -> frozenset[str]:
        """The modules and abilities that the usual build has and this one has not, such as ``http_fastcgi_module``."""
        left_out = {name.removeprefix("--without-") for name in self.options if name.startswith("--without-")}
        asked_for = {name.removeprefix("--with-") for name in self.options if name.startswith("--with-")}
        return frozenset(left_out | (_EXTRA - asked_for))

    @property
    def prefix(self) -> Path:
        """The folder to which the other paths are relative."""
        return Path(self.options.get("--prefix", "/usr/local/nginx"))

    @property
    def pid_file(self) -> Path:
        """The file with the master's process id, unless the configuration names another."""
        return self._path("--pid-path", "logs/nginx.pid")

    @property
    def error_log(self) -> Path:
        """The error log, unless the configuration names another."""
        return self._path("--error-log-path", "logs/error.log")

    def _path(self, option: str, usual: str) -> Path:
        return self.prefix / self.options.get(option, usual)


def locate(binary: str) -> str:
    """The program's path, from a name, a path or its folder. Raises NginxError when it is not there."""
    given = Path(binary)
    candidates = [str(given / inner) for inner in ("nginx", "sbin/nginx", "sbin")] if given.is_dir() else [binary]
    for candidate in candidates:
        found = shutil.which(candidate, path=f"{os.environ.get('PATH', '')}:{_SEARCHED}")
        if found is not None:
            return found
    raise NginxError(
        f"no program {' or '.join(repr(candidate) for candidate in candidates)} was found",
        "Install Nginx (Debian, Ubuntu: apt-get install nginx), or set nginx.binary to where it is.",
    )


@functools.cache
def read_build(program: str) -> NginxBuild:
    """How ``program``, a path, was built, from ``nginx -V``. Raises NginxError when it is not Nginx, or cannot run."""
    output = run([program, "-V"])
    text = output.stdout + output.stderr
    # Both lines are printed by https://github.com/nginx/nginx/blob/master/src/core/nginx.c (ngx_show_version_info)
    version = re.search(r"^nginx version: nginx/([0-9.]+)", text, re.MULTILINE)
    arguments = re.search(r"^configure arguments:(.*)", text, re.MULTILINE)
    if output.code != 0 or arguments is None:
        raise NginxError(
            f"{program} is not an Nginx program:\n{text.strip()}", "Set nginx.binary to the path of an Nginx program."
        )
    options = (option.partition("=") for option in shlex.split(arguments[1]))
    numbers = tuple(int(part) for part in version[1].split(".")) if version else ()
    return NginxBuild(numbers, {name: value for name, _, value in options})


def worker_user() -> tuple[pwd.struct_passwd, str] | None:
    """The user and group for Nginx's workers: the distribution's own. None when we cannot give them another user.

    Raises NginxError when the machine has no such user.
    """
    if os.geteuid() != 0:
        return None
    for user in _WORKER_USERS:
        try:
            entry = pwd.getpwnam(user)
            return entry, grp.getgrgid(entry.pw_gid).gr_name
        except KeyError:
            continue
    raise NginxError(f"none of the users {', '.join(_WORKER_USERS)} exists", "Create one: useradd --system nginx")


def test(binary: str, folder: Path, conf: Path) -> None:
    """Test the configuration with ``nginx -t``. Raises NginxError with Nginx's own lines when it is refused."""
    code, output = _run(binary, folder, conf, "-t", "-q")
    if code != 0:
        usual = f"The previous configuration stays active. Fix the settings that the lines of {conf} come from."
        raise configuration_refused(output, _remedy(output) or usual)


def configuration_refused(output: str, remedy: str) -> NginxError:
    """The error for a configuration of ours that Nginx refuses; ``output``: Nginx's own lines."""
    return NginxError(f"Nginx refuses the configuration that follows from the settings:\n{output}", remedy)


def start(binary: str, folder: Path, conf: Path) -> None:
    """Start a daemon that outlives us, in a session of its own. Raises NginxError when it does not come up."""
    code, output = _run(binary, folder, conf)
    if code != 0:
        raise NginxError(
            f"Nginx does not start:\n{output}", _remedy(output) or f"Read {folder / 'logs' / 'error.log'}."
        )


def _remedy(output: str) -> str:
    # "bind() to … failed (98: Address already in use)": ngx_open_listening_sockets() in Nginx's
    # src/core/ngx_connection.c; the words after the number are strerror(3)'s.
    if "bind()" in output and "Address already in use" in output:
        return "Another program has this address: stop it, or set nginx.listen to another one."
    if "bind()" in output and "Permission denied" in output:
        return "Run hookserver as root, or set nginx.listen to ports from 1024 on."
    if "bind()" in output and "Cannot assign requested address" in output:
        return "This machine has no such address: correct nginx.listen."
    return ""


def run(command: Sequence[str], patience: float = _PATIENCE) -> Output:
    """Run it apart from us: own session, clean environment. Raises NginxError when it cannot be run, or hangs."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd="/",
            # A variable NGINX would pass listening sockets: ngx_add_inherited_sockets() in src/core/nginx.c
            env={"PATH": _SEARCHED},
            start_new_session=True,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NginxError(f"`{shlex.join(command)}` gave no answer in {patience:.0f} s", "Run it by hand.") from error
    except OSError as error:
        raise NginxError(f"`{command[0]}` cannot be run: {error}", "Set nginx.binary to a working Nginx.") from error
    return Output(
        done.returncode, done.stdout.decode("utf-8", "replace"), plain(done.stderr.decode("utf-8", "replace")).strip()
    )


def _run(binary: str, folder: Path, conf: Path, *options: str) -> tuple[int, str]:
    output = run([locate(binary), *options, "-p", f"{folder}/", "-c", str(conf)])
    return output.code, f"{output.stdout}{output.stderr}".strip()
