"""The mode ``system``: files of ours for an Nginx that is the operator's. It is reloaded, never started or stopped."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from hookserver.addresses import Endpoints
from hookserver.config import Settings
from hookserver.errors import NginxError
from hookserver.nginx import binary, folders, logs
from hookserver.nginx.status_at import StatusAt
from hookserver.nginx.system import own_files
from hookserver.nginx.system.build_check import check_build
from hookserver.nginx.system.dump import Dump, read_dump
from hookserver.nginx.system.foreign import servers
from hookserver.nginx.system.operators import Operators
from hookserver.nginx.system.refused import blamed, refused
from hookserver.nginx.system.reload import reload
from hookserver.nginx.system.snippet import snippet_file
from hookserver.nginx.system.text import COMMON, PREFIX, Surroundings, render_system
from hookserver.nginx.text.access_log import ACCESS_LOG
from hookserver.nginx.text.managed import digest
from hookserver.state.wait_until import wait_until


class System:
    """The methods of ``Nginx`` in this mode; ``patience``: seconds that a reload may take."""

    def __init__(self, settings: Settings, patience: float) -> None:
        self._settings = settings
        self._state = settings.server.state
        self._conf_dir = settings.nginx.conf_dir
        self._snippets = self._state.nginx / "snippets"
        self._patience = patience
        self._status = StatusAt(settings)
        self._last_read: Operators | None = None

    def apply(self, endpoints: Endpoints) -> bool:
        """Write the files of the settings, and reload Nginx. Returns whether anything changed.

        Raises NginxError when there is no usable Nginx, when it is down, when it refuses the files, does not read them
        or does not run them in time, or when its workers cannot read the flags. Unless it is down, the files before
        are back then.
        """
        program = binary.locate(self._settings.nginx.binary)
        build = binary.read_build(program)
        check_build(program, build, self._settings.nginx)
        self._make_folders()
        with folders.locked(self._state.nginx):
            operators = self._read(self._dump_without_refused_files(program), build)
            folders.prepare(self._state, operators.worker.pw_gid if operators.worker else -1)
            operators.check_plain(self._settings.nginx)
            around = Surroundings(operators.servers, build.lacking, self._status.name())
            texts = render_system(self._settings, endpoints, around)
            wanted = {**dict.fromkeys(self._present(), None), **texts}
            current = digest(texts[self._conf_dir / COMMON])
            changed = own_files.differ(wanted) or not operators.includes(COMMON) or self.ask("/config") != current
            if changed:
                self._install(program, build, wanted, current)
            self.check_readable()
        return changed

    def unreached(self, app: str) -> list[str]:
        """A line for each domain of the app that requests reach without the app's locations.

        Raises NginxError when Nginx's configuration cannot be read.
        """
        return self._operators().unreached(self._settings, self._settings.apps[app])

    def is_running(self) -> bool:
        """Whether Nginx runs with our files."""
        return self.ask("/config") is not None

    def ask(self, question: str) -> str | None:
        """The answer of the status server; None when there is none."""
        return self._status.ask(question)

    def answers(self, question: str, wanted: str, patience: float) -> bool:
        """Whether Nginx gives the ``wanted`` answer within ``patience`` seconds."""
        return wait_until(lambda: self.ask(question) == wanted, patience)

    def check_readable(self) -> None:
        """Raises NginxError when Nginx's workers cannot enter the flags' folder: they would find no flag there."""
        if self.ask("/flags") == "unreadable":
            raise folders.unreadable(self._state, self._operators().worker)

    def why_silent(self) -> NginxError:
        """The error for a status server that does not answer."""
        return NginxError(
            "Nginx does not answer which slot is live: it is down, or runs without hookserver's files",
            "Start it (`systemctl start nginx`), or read the log of `hookserver worker` about its files.",
        )

    def rotate_logs(self) -> None:
        """Rotate an access log of ours that grew over its size, and let Nginx open a new one.

        Raises NginxError when the folders cannot be created, or when Nginx's configuration cannot be read.
        """
        self._make_folders()
        with folders.locked(self._state.nginx):
            if not logs.rotate(self._state.nginx / ACCESS_LOG, logs.SIZE):
                return
            if master := self._operators().master:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(master, signal.SIGUSR1)

    def stop(self) -> None:
        """Do nothing: the operator's Nginx keeps running."""

    def _install(self, program: str, build: binary.NginxBuild, wanted: Mapping[Path, str | None], current: str) -> None:
        """Write the files, test the whole, reload, and check that it runs; or restore the old files."""
        try:
            own_files.write_files(wanted)
        except OSError as error:
            raise NginxError(
                f"hookserver's Nginx files cannot be written: {error}",
                f"Let hookserver's user write to {self._conf_dir}, and make room on the disk.",
            ) from error
        try:
            operators = self._read(self._dump(program), build)
            operators.check_included(self._conf_dir)
            operators.check_defaults(self._settings.nginx)
            is_up = operators.master is not None or self.is_running()
            if is_up:
                command = self._reload_command(program)
                reload(command, operators, lambda: self.ask("/config") == current, self._patience)
        except NginxError:
            own_files.put_back(wanted)
            if self.ask("/config") == current:
                binary.run(self._reload_command(program), self._patience)
            raise
        own_files.remove_old_files(wanted)
        if not is_up:
            raise NginxError(
                "Nginx is down, and hookserver does not start one that is not its own",
                "Start it: `systemctl start nginx`, or as you usually do. hookserver's files are in place.",
            )

    def _reload_command(self, program: str) -> list[str]:
        return [*self._settings.nginx.reload] or [program, "-s", "reload"]

    def _operators(self) -> Operators:
        """The Nginx as the last ``apply`` read it, else as it is now."""
        if self._last_read is not None:
            return self._last_read
        program = binary.locate(self._settings.nginx.binary)
        return self._read(self._dump(program), binary.read_build(program))

    def _read(self, dump: Dump, build: binary.NginxBuild) -> Operators:
        ours = {path.resolve() for path in (*self._present(), self._conf_dir / COMMON)}
        their_servers = servers(dump, {path for path in dump.files if path.resolve() in ours})
        self._last_read = Operators(dump, their_servers, build)
        return self._last_read

    def _dump(self, program: str) -> Dump:
        output = binary.run([program, "-T", "-q"])
        if output.code != 0:
            raise refused(output.stderr, self._ours())
        return read_dump(output.stdout)

    def _dump_without_refused_files(self, program: str) -> Dump:
        """Remove files of ours that Nginx refuses, before new ones are written: they would keep it from starting."""
        try:
            return self._dump(program)
        except NginxError as error:
            ours = {path: None for path in self._present() if path.parent == self._conf_dir}
            if blamed(error.problem) not in {path.resolve() for path in ours}:
                raise
            own_files.write_files(ours)
            try:
                dump = self._dump(program)
            except NginxError:
                own_files.put_back(ours)
                raise error from None
            own_files.remove_old_files(ours)
            return dump

    def _make_folders(self) -> None:
        folders.prepare(self._state)
        try:
            for folder in (self._snippets, self._conf_dir):
                folder.mkdir(exist_ok=True)
        except OSError as error:
            raise NginxError(
                f"{error.filename} cannot be created: {error}", "Set nginx.conf_dir to a folder."
            ) from error

    def _present(self) -> list[Path]:
        """Our files that are there."""
        return [*self._conf_dir.glob(f"{PREFIX}*.conf"), *self._snippets.glob("*.conf")]

    def _ours(self) -> set[Path]:
        """Our files, there or not: an ``include`` may still name a removed app."""
        expected = {snippet_file(self._settings, app) for app in self._settings.apps}
        removed = (aside.with_name(aside.name[1:-4]) for aside in self._snippets.glob(".*.conf.old"))
        return {path.resolve() for path in (*self._present(), *expected, *removed)}
