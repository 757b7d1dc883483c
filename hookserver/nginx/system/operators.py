"""The operator's own Nginx, as its whole configuration and its build options describe it."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hookserver.config import AppSettings, NginxSettings, Settings
from hookserver.errors import NginxError
from hookserver.nginx.binary import NginxBuild
from hookserver.nginx.managed import processes
from hookserver.nginx.system.dump import Dump
from hookserver.nginx.system.foreign import Servers
from hookserver.nginx.system.server_names import is_expression
from hookserver.nginx.system.snippet import snippet_file
from hookserver.nginx.system.text import COMMON, PREFIX, our_listens, status_listens


@dataclass(frozen=True)
class Operators:
    """An Nginx as ``nginx -T`` and ``nginx -V`` show it."""

    dump: Dump
    servers: Servers
    build: NginxBuild

    def includes(self, name: str) -> bool:
        """Whether it reads the file of ours with this name."""
        return any(path.name == name for path in self.servers.ours)

    @property
    def http_place(self) -> str:
        """Where its ``http`` block begins."""
        http = self.dump.all("http")
        return f"{http[0].file}:{http[0].line}" if http else str(self.dump.main)

    @property
    def worker(self) -> pwd.struct_passwd | None:
        """The user of its workers; None: the user who starts it, or one that this machine does not know."""
        named = [directive.arguments for directive in self.dump.all("user")]
        user, *group = named[0] if named else (self.build.options.get("--user", "nobody"),)
        if os.geteuid() != 0:
            return None
        try:
            found = pwd.getpwnam(user)
            gid = grp.getgrnam(group[0]).gr_gid if group else found.pw_gid
        except KeyError:
            return None
        return pwd.struct_passwd((*found[:3], gid, *found[4:]))

    @property
    def master(self) -> int | None:
        """Its master process; None when it is down, or when its pid file is not where it should be."""
        named = [Path(directive.arguments[0]) for directive in self.dump.all("pid") if directive.arguments]
        return processes.master_of(self.build.prefix / named[0] if named else self.build.pid_file)

    @property
    def error_log(self) -> Path:
        """The first error log that it names, else the one of its build."""
        named = [Path(directive.arguments[0]) for directive in self.dump.all("error_log") if directive.arguments]
        return self.build.prefix / named[0] if named else self.build.error_log

    def unreached(self, settings: Settings, app: AppSettings) -> list[str]:
        """A line for each domain of the app that a server of the operator's names too, without the app's locations."""
        snippet = snippet_file(settings, app.name).resolve()
        lines = []
        for domain in app.domains:
            theirs = self.servers.of(domain)
            if theirs and not any(snippet in {file.resolve() for file in server.files} for server in theirs):
                places = ", ".join(server.place for server in theirs)
                lines.append(
                    f"{domain} has a server of its own at {places}, which is left as it is: "
                    f"add `include {snippet};` to it (`hookserver nginx show {app.name}` prints what that does)"
                )
        for name in app.redirects:
            if self.servers.taken(name, our_listens(settings.nginx)):
                places = ", ".join(server.place for server in self.servers.of(name))
                lines.append(f"{name} has a server of its own at {places}, so hookserver does not redirect it")
        return [*lines, *self._taken_from_a_wildcard(app, snippet)]

    def _taken_from_a_wildcard(self, app: AppSettings, snippet: Path) -> Iterator[str]:
        """Nginx prefers an exact name, so our server gets the domain, which the author of the wildcard may not expect:
        https://nginx.org/en/docs/http/server_names.html"""
        for domain in (*app.domains, *app.redirects):
            for server in self.servers.wider(domain):
                if snippet not in {file.resolve() for file in server.files}:
                    wider = server.wider(domain)
                    yield (
                        f"{wider} at {server.place} {'may match' if is_expression(wider) else 'matches'} {domain} too: "
                        "Nginx prefers hookserver's server, which has the exact name; to serve it with your own, write "
                        f"{domain} in its server_name"
                    )

    def check_plain(self, nginx: NginxSettings) -> None:
        """Raises NginxError when we would listen for plain HTTP where others speak something else."""
        for listen in status_listens(nginx, self.servers):
            if other := self.servers.not_plain(listen):
                raise NginxError(
                    f"nginx.listen has {listen}, where {other.place} speaks TLS or the proxy protocol",
                    f"Remove {listen} from nginx.listen, and include the app's snippet in that server "
                    "(`hookserver nginx show APP`).",
                )

    def check_included(self, conf_dir: Path) -> None:
        """Raises NginxError, with the line that is missing, when our files are not read."""
        if not self.includes(COMMON):
            raise NginxError(
                f"Nginx does not read hookserver's files in {conf_dir}",
                f"Add this line at the end of the http {{ }} block that begins at {self.http_place}:\n"
                f"    include {conf_dir}/{PREFIX}*.conf;",
            )

    def check_defaults(self, nginx: NginxSettings) -> None:
        """Raises NginxError when a server of ours would answer for unknown domains in the place of another."""
        for listen in status_listens(nginx, self.servers):
            if other := self.servers.pushed_aside(listen):
                raise NginxError(
                    f"hookserver's files are read before {other.place}, which answers for unknown domains at {listen} "
                    "only because it came first",
                    f"Write `listen {listen} default_server;` there, or include hookserver's files after it.",
                )
