"""Where the API can be reached, beside this machine."""

from __future__ import annotations

from ipaddress import ip_address

from hookserver.config.schema import ServerSettings


def exposed_api(server: ServerSettings) -> str:
    """Says that others than this machine reach ``server.listen``, which has no TLS; empty: they do not.

    A container reaches every address of its host, except loopback.
    """
    host = server.listen.rpartition(":")[0].strip("[]")
    if host not in ("", "*") and ip_address(host).is_loopback:
        return ""
    return (
        f'server.listen: "{server.listen}" can be reached from containers and other machines, without TLS; '
        'set "127.0.0.1:9000", and put a server with TLS in front of it'
    )
