"""An existing Nginx: the distribution's in its own folder, or one compiled by hand."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hookserver.nginx.managed import processes
from tests.waiting import until

HAND_BUILT = Path("/opt/nginx")
_PREFIX = Path("/usr/local/nginx")
"""Where ``make install`` puts pages and logs when no prefix was given."""
_MARKER = "made-by-the-tests-of-hookserver"
_LOCK = Path("/var/tmp/hookserver-tests-nginx.lock")
_CACHE = Path(os.environ.get("HOOKSERVER_TEST_STATE", Path(__file__).parents[2] / ".state/tests")) / "nginx-compiled"


@dataclass(frozen=True)
class Operator:
    """An Nginx that was there before us, with a server of its own for unknown names."""

    binary: str
    conf: Path
    pid_file: Path
    error_log: Path

    @property
    def sites(self) -> Path:
        """A folder that is included in its ``http`` block, after ours."""
        return self.conf.parent / "sites-enabled"

    @property
    def ours(self) -> Path:
        return self.conf.parent / "conf.d"

    def add(self, name: str, text: str) -> Path:
        file = self.sites / name
        file.write_text(text)
        return file

    def run(self, *options: str) -> None:
        subprocess.run([self.binary, *options], check=True, capture_output=True, timeout=30)

    def start(self) -> None:
        self.run()
        # A signal that comes before the first worker would be overheard.
        until(lambda: self.is_up() and bool(processes.workers_of(int(self.pid_file.read_text()))))

    def is_up(self) -> bool:
        """A test of the configuration leaves an empty file."""
        return self.pid_file.exists() and bool(self.pid_file.read_text())

    def reload(self) -> None:
        """Until the old workers take no more requests."""
        master = int(self.pid_file.read_text())
        old = processes.workers_of(master)
        self.run("-s", "reload")
        until(lambda: bool(processes.workers_of(master)) and not old & processes.workers_of(master))

    def stop(self) -> None:
        if self.is_up():
            os.kill(int(self.pid_file.read_text()), signal.SIGTERM)
            until(lambda: not self.pid_file.exists())


def distribution(folder: Path, port: int) -> Operator:
    """The distribution's Nginx with its own layout of files, in a folder."""
    etc = folder / "etc"
    for inner in ("etc/conf.d", "etc/sites-enabled", "etc/temp", "logs"):
        (folder / inner).mkdir(parents=True)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    (etc / "nginx.conf").write_text(
        f"{'user www-data;' if os.geteuid() == 0 else ''}\npid {folder}/nginx.pid;\n"
        f"error_log {folder}/logs/error.log warn;\nevents {{}}\nhttp {{\n  access_log {folder}/logs/access.log;\n"
        + "".join(f"  {kind}_temp_path {etc}/temp/{kind};\n" for kind in kinds)
        + f"  include {etc}/conf.d/*.conf;\n  include {etc}/sites-enabled/*;\n}}\n"
    )
    (etc / "sites-enabled/default").write_text(
        f'server {{ listen 127.0.0.1:{port} default_server; server_name _; return 404 "theirs"; }}\n'
    )
    program = folder / "nginx"
    program.write_text(f'#!/bin/sh\nexec nginx -c {etc}/nginx.conf "$@"\n')
    program.chmod(0o755)
    return Operator(str(program), etc / "nginx.conf", folder / "nginx.pid", folder / "logs/error.log")


def hand_built(port: int) -> Operator:
    """The one below /opt/nginx, with the file that its installation wrote."""
    config = HAND_BUILT / "config"
    for inner in ("conf.d", "sites-enabled"):
        shutil.rmtree(config / inner, ignore_errors=True)
        (config / inner).mkdir()
    text = (config / "nginx.conf.default").read_text().replace("listen       80;", f"listen 127.0.0.1:{port};", 1)
    start, _, _ = text.rstrip().rpartition("}")
    error_log = _PREFIX / "logs/error.log"
    error_log.unlink(missing_ok=True)
    start = f"error_log {error_log} warn;\n{start}"
    (config / "nginx.conf").write_text(f"{start}\n    include conf.d/*.conf;\n    include sites-enabled/*;\n}}\n")
    return Operator(str(HAND_BUILT / "sbin"), config / "nginx.conf", config / "nginx.pid", error_log)


@contextmanager
def compiled() -> Iterator[None]:
    """A current Nginx from the newest source package, installed below /opt/nginx until the end of the block.

    One at a time on a machine. What a killed run left there is cleared away; what is anybody else's is refused.
    """
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        remove_compiled()
        assert not HAND_BUILT.exists(), f"{HAND_BUILT} is somebody's: the tests would overwrite it"
        made = [folder for folder in (HAND_BUILT, _PREFIX) if not folder.exists()]
        for folder in made:
            folder.mkdir()
            (folder / _MARKER).touch()
        try:
            _CACHE.mkdir(parents=True, exist_ok=True)
            script = [Path(__file__).with_name("compile_nginx.sh"), _CACHE]
            done = subprocess.run(script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False)
            assert done.returncode == 0, done.stdout.decode()[-3000:]
            yield
        finally:
            remove_compiled()


def remove_compiled() -> None:
    """The one that tests installed, with its processes; nothing when there is none, or it is somebody else's."""
    if (HAND_BUILT / _MARKER).exists():
        for process in Path("/proc").iterdir():
            with suppress(OSError):
                if process.name.isdigit() and (process / "exe").readlink().is_relative_to(HAND_BUILT):
                    os.kill(int(process.name), signal.SIGKILL)
    for folder in (HAND_BUILT, _PREFIX):
        if (folder / _MARKER).exists():
            shutil.rmtree(folder)


def end_instance(folder: Path) -> None:
    """Kill the Nginx, and all of its workers, that writes its logs below ``folder``; whoever started it is gone."""
    found = processes.find(folder)
    for pid in {found.master, *found.workers, *found.leftovers} - {None}:
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)  # type: ignore[arg-type]  # None was taken out
