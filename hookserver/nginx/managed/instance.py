"""An Nginx instance of our own in a folder: tests a configuration, runs it, and confirms that it runs."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path

from hookserver.errors import NginxError
from hookserver.nginx import binary, logs
from hookserver.nginx.managed import processes
from hookserver.nginx.status_at import StatusAt
from hookserver.nginx.text.access_log import ACCESS_LOG
from hookserver.nginx.text.managed import ERROR_LOG, PID_FILE, ManagedText, digest
from hookserver.state.atomic_write import OWNER_ONLY, write_atomically
from hookserver.state.wait_until import wait_until

_BUSY = 3.0
"""Seconds that a busy instance may take to answer before its configuration is written again."""


class Instance:
    """All its files are below ``folder``, which exists; ``status`` sends questions to its status server.

    ``patience``: seconds that a start, reload or stop may take.
    """

    def __init__(self, program: str, folder: Path, status: StatusAt, patience: float) -> None:
        self._program = program
        self._folder = folder
        self._patience = patience
        self._conf = folder / "nginx.conf"
        self._old = folder / "nginx.conf.old"
        self._status = status
        self.error_log = folder / ERROR_LOG

    def is_running(self) -> bool:
        """Whether its master process is there and takes requests."""
        return self._master() is not None

    def ask(self, question: str) -> str | None:
        """The running instance's answer; None when there is none."""
        return self._status.ask(question)

    def answers(self, question: str, wanted: str, patience: float | None = None) -> bool:
        """Whether it gives the ``wanted`` answer in time."""
        return wait_until(lambda: self.ask(question) == wanted, self._patience if patience is None else patience)

    def runs(self, text: ManagedText) -> bool:
        """Whether it runs exactly this configuration."""
        is_written = self._text() == text.conf and self._read(text.proxy_file) == text.proxy
        return is_written and self.is_running() and self.answers("/config", digest(text.conf), _BUSY)

    def apply(self, text: ManagedText) -> None:
        """Test ``text``, then reload Nginx, or start it when it is down. Returns once Nginx runs ``text``.

        Raises NginxError with Nginx's own lines; the previous configuration is restored, and keeps running.
        """
        before = self._text()
        candidate = self._conf.with_name("nginx.conf.new")
        try:
            write_atomically(self._folder / text.proxy_file, text.proxy, durable=True)
            # It has the name of the status server; the master reads it before it gives up root.
            write_atomically(candidate, text.conf, mode=OWNER_ONLY, durable=True)
            binary.test(self._program, self._folder, candidate)
            if before is not None:
                # A link, not a copy: it can be put back when the disk is full.
                self._old.unlink(missing_ok=True)
                self._old.hardlink_to(self._conf)
            candidate.replace(self._conf)
            self._activate(text.conf)
        except OSError as error:
            self._put_back(before)
            raise NginxError(
                f"{self._conf} cannot be written: {error}", "Make room on the disk, or fix the permissions."
            ) from error
        except NginxError:
            self._put_back(before)
            raise
        self._remove_proxy_files(text.proxy_file)

    def rotate_logs(self) -> None:
        """Rotate logs that grew over their size, remove the oldest, and let Nginx open new ones."""
        renamed = [logs.rotate(self._folder / log, logs.SIZE) for log in (ACCESS_LOG, ERROR_LOG)]
        if any(renamed):
            self._signal(signal.SIGUSR1)

    def stop(self) -> None:
        """End it once its requests are done; those that are not done in time are cut off."""
        # QUIT lets requests end, TERM does not: https://nginx.org/en/docs/control.html
        # The second KILL is for the workers that outlive the killed master.
        for number in (signal.SIGQUIT, signal.SIGTERM, signal.SIGKILL, signal.SIGKILL):
            self._send(number, self._processes())
            if wait_until(lambda: not self._processes(), self._patience):
                return

    def _processes(self) -> frozenset[int]:
        instance = processes.find(self._folder)
        return instance.leftovers | {instance.master} if instance.master is not None else instance.leftovers

    def _master(self) -> int | None:
        return processes.find_master(self._folder, self._folder / PID_FILE)

    def _text(self) -> str | None:
        return self._read(self._conf.name)

    def _read(self, name: str) -> str | None:
        try:
            return (self._folder / name).read_text("utf-8")
        except FileNotFoundError:
            return None

    def _activate(self, text: str) -> None:
        size_before = logs.size(self.error_log)
        old = processes.find(self._folder).workers
        if not self._signal(signal.SIGHUP):
            self._start()
        # Nginx starts new workers before it ends the old ones (control.html#reconfiguration): wait for both.
        if not self.answers("/config", digest(text)) or not wait_until(lambda: self._left(old), self._patience):
            errors = logs.errors_since(self.error_log, size_before)
            raise NginxError(
                f"Nginx accepted the new configuration, but does not run it:\n{errors}",
                f"The previous configuration stays active. Fix the errors above; {self.error_log} has all of them.",
            )

    def _left(self, workers: frozenset[int]) -> bool:
        return not workers & processes.find(self._folder).workers

    def _start(self) -> None:
        self._quit_leftovers()
        binary.start(self._program, self._folder, self._conf)

    def _remove_proxy_files(self, but: str) -> None:
        for file in self._folder.glob("proxy-*.conf"):
            if file.name != but:
                with contextlib.suppress(OSError):
                    file.unlink()

    def _put_back(self, before: str | None) -> None:
        """Restore the previous configuration, and start an instance that is down with it. Needs no room on the disk."""
        if before is None:
            self._conf.unlink(missing_ok=True)
            return
        if self._text() != before:
            self._old.replace(self._conf)
        if not self.is_running():
            with contextlib.suppress(NginxError):
                self._start()
        elif self.ask("/config") != digest(before):
            self._signal(signal.SIGHUP)

    def _quit_leftovers(self) -> None:
        """Workers of a killed master keep the port. On SIGQUIT they release it at once, and finish their requests:
        https://nginx.org/en/docs/control.html"""
        self._send(signal.SIGQUIT, processes.find(self._folder).leftovers)

    def _signal(self, number: signal.Signals) -> bool:
        """Send it to the master. Returns whether there is one."""
        master = self._master()
        return master is not None and self._send(number, [master])

    def _send(self, number: signal.Signals, pids: Iterable[int]) -> bool:
        """Send it to all of them. Returns whether one was still there. Raises NginxError when that is forbidden."""
        was_there = False
        for pid in pids:
            try:
                os.kill(pid, number)
                was_there = True
            except ProcessLookupError:
                continue
            except PermissionError as error:
                raise NginxError(
                    f"Nginx (process {pid}) belongs to another user", "Run hookserver as the user who started it."
                ) from error
        return was_there
