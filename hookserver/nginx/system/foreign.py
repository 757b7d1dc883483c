"""The servers that an operator's Nginx has beside ours: which has a domain, and which is the default server."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from hookserver.nginx.listen_address import Address, address
from hookserver.nginx.system.dump import Directive, Dump
from hookserver.nginx.system.server_names import expression_matches, is_expression, is_wider

# Flags of `listen`: https://nginx.org/en/docs/http/ngx_http_core_module.html#listen
_NOT_PLAIN = frozenset({"ssl", "quic", "http3", "proxy_protocol"})


@dataclass(frozen=True)
class Server:
    """A ``server`` block. ``files``: all that it is made of; ``listens``: where, and with which flags."""

    names: frozenset[str]
    listens: tuple[tuple[Address, frozenset[str]], ...]
    file: Path
    line: int
    files: frozenset[Path]

    @property
    def place(self) -> str:
        """The file and the line, such as ``/etc/nginx/nginx.conf:12``."""
        return f"{self.file}:{self.line}"

    def listens_at(self, wanted: Address) -> bool:
        """Whether it has exactly this listen address."""
        return any(found == wanted for found, _ in self.listens)

    def meets(self, addresses: Sequence[Address]) -> bool:
        """Whether one visitor could reach it at one of ``addresses``."""
        return any(found.meets(wanted) for found, _ in self.listens for wanted in addresses)

    def has(self, domain: str) -> bool:
        """Whether it names exactly this domain, or wildcard, or has a regular expression that matches it."""
        return domain in self.names or any(expression_matches(name, domain) for name in self.names)

    def wider(self, domain: str) -> str:
        """A wildcard that means the domain too, or an expression that cannot be judged; empty when it has none."""
        return next((name for name in sorted(self.names) if is_wider(name, domain)), "")


@dataclass(frozen=True)
class Servers:
    """All of them, in the order in which Nginx reads them, and which files are ``ours``."""

    found: tuple[Server, ...]
    ours: frozenset[Path]

    @property
    def foreign(self) -> list[Server]:
        """The servers that are not ours."""
        return [server for server in self.found if server.file not in self.ours]

    def of(self, domain: str) -> list[Server]:
        """The foreign servers that name the domain."""
        return [server for server in self.foreign if server.has(domain)]

    def wider(self, domain: str) -> list[Server]:
        """The foreign servers that only mean it too: Nginx prefers one of ours, which has the closer name."""
        return [server for server in self.foreign if server.wider(domain) and not server.has(domain)]

    def taken(self, domain: str, addresses: Sequence[Address]) -> bool:
        """Whether a foreign server has the domain where we would listen."""
        return any(server.meets(addresses) for server in self.of(domain))

    def not_plain(self, wanted: Address) -> Server | None:
        """A foreign server that speaks TLS or the proxy protocol where we would listen for plain HTTP."""
        flags = ((server, flags) for server in self.foreign for found, flags in server.listens if found == wanted)
        return next((server for server, given in flags if given & _NOT_PLAIN), None)

    def pushed_aside(self, wanted: Address) -> Server | None:
        """The foreign server that answered for unknown domains at this address, if ours would now do so instead."""
        # Without a default_server, the first server of an address is the default (see `listen`).
        here = [server for server in self.found if server.listens_at(wanted)]
        if any("default_server" in flags for server in here for found, flags in server.listens if found == wanted):
            return None
        first_is_ours = bool(here) and here[0].file in self.ours
        return next((server for server in here if server.file not in self.ours), None) if first_is_ours else None


def servers(dump: Dump, ours: Collection[Path]) -> Servers:
    """The servers of a configuration; ``ours``: the files that hookserver wrote."""
    blocks = [server for http in dump.all("http") for server in http.inside("server")]
    return Servers(tuple(_server(block) for block in blocks), frozenset(ours))


def _server(block: Directive) -> Server:
    written = [name for directive in block.inside("server_name") for name in directive.arguments]
    names = [name if is_expression(name) else name.lower() for name in written]
    # ".example.com" is short for both: https://nginx.org/en/docs/http/server_names.html#wildcard_names
    spread = {spelt for name in names for spelt in ([name[1:], f"*{name}"] if name.startswith(".") else [name])}
    listens = [
        (address(directive.arguments[0]), frozenset(_spelt_out(flag) for flag in directive.arguments[1:]))
        for directive in block.inside("listen")
        if directive.arguments
    ]
    return Server(
        frozenset(spread),
        tuple(listens) or ((Address("*", "80"), frozenset()),),  # the default of `listen`, when Nginx is root's
        block.file,
        block.line,
        frozenset(directive.file for directive in block.walk()),
    )


def _spelt_out(flag: str) -> str:
    """``default`` is the old spelling: https://nginx.org/en/docs/http/ngx_http_core_module.html#listen"""
    return "default_server" if flag == "default" else flag
