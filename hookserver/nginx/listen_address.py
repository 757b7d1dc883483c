"""A listen address, as Nginx groups servers by it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ANY = frozenset({"*", "0.0.0.0", "[::]"})  # noqa: S104


@dataclass(frozen=True)
class Address:
    """Where a server listens, as Nginx groups servers by it; ``host`` is ``*`` for every IPv4 address."""

    host: str
    port: str

    def meets(self, other: Address) -> bool:
        """Whether one visitor could reach both addresses."""
        return self.port == other.port and (self.host == other.host or bool(_ANY & {self.host, other.host}))

    def __str__(self) -> str:
        return self.port if self.host == "*" else f"{self.host}:{self.port}"


def address(text: str) -> Address:
    """The address that a ``listen`` directive names, such as ``80``, ``*:80``, ``127.0.0.1`` or ``[::]:80``.

    Without a port it is 80: https://nginx.org/en/docs/http/ngx_http_core_module.html#listen
    """
    if text.startswith("unix:"):
        return Address(text, "")
    match = re.fullmatch(r"(?:(\[[^\]]*\]|[^:]*?):?)?([0-9]+(?:-[0-9]+)?)?", text)
    host, port = (match[1] or "", match[2] or "80") if match else (text, "80")
    if re.fullmatch(r"[0-9]+\.[0-9.]+", text):  # the expression above takes its last digits for a port
        host, port = text, "80"
    return Address("*" if host in ("", "0.0.0.0") else host.lower(), port)  # noqa: S104
