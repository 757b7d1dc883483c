"""What an app is told of its visitor: address, scheme, host. Nothing that a visitor claims himself gets through."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network

from hookserver.nginx.text.syntax import block

Networks = Sequence[IPv4Network | IPv6Network]


def visitor(trusted: Networks) -> list[str]:
    """All there is, for a whole ``http`` block."""
    return [
        *_asked(),
        *real_address(trusted),
        *_believed(trusted),
        *headers(trusted),
        "add_header X-Request-Id $request_id always;",
    ]


def maps(trusted: Networks) -> list[str]:
    """The variables that the headers are made of."""
    return [*_asked(), *_believed(trusted)]


def proto(trusted: Networks) -> str:
    """The variable with the scheme that the visitor used."""
    return "$hs_proto" if trusted else "$scheme"


def headers(trusted: Networks) -> list[str]:
    """The headers that an app gets. ``trusted``: proxies before us whose word on scheme, port and address counts."""
    sent = {
        "Host": "$host$hs_hostport",
        "X-Real-IP": "$remote_addr",
        "X-Forwarded-For": "$remote_addr",
        "X-Forwarded-Proto": proto(trusted),
        "X-Forwarded-Host": "$host$hs_hostport",
        "X-Forwarded-Port": "$hs_port",
        "X-Forwarded-Ssl": '""',
        "X-Forwarded-Prefix": '""',
        "Forwarded": '""',
        "X-Request-Id": "$request_id",
        "X-Hookserver-Elsewhere": "$hs_elsewhere",
        "X-Hookserver-Sessions": '""',
        "Upgrade": "$hs_upgrade",
        "Connection": "$hs_connection",
    }
    return [
        *(f"proxy_set_header {header} {value};" for header, value in sent.items()),
        "proxy_hide_header X-Request-Id;",
    ]


def real_address(trusted: Networks) -> list[str]:
    """Whom Nginx believes when it is told the visitor's address (ngx_http_realip_module)."""
    if not trusted:
        return []
    named = [f"set_real_ip_from {network};" for network in _named(trusted)]
    return [*named, "real_ip_header X-Forwarded-For;", "real_ip_recursive on;"]


def _asked() -> list[str]:
    return [
        *block("map $http_upgrade $hs_upgrade", ['default "";', "~*^websocket$ websocket;"]),
        *block("map $hs_upgrade $hs_connection", ['default "";', "websocket upgrade;"]),
        *block(
            "map $http_host $hs_hostport", ['default "";', '"~(?<hs_hostportfound>:[0-9]{1,5})$" $hs_hostportfound;']
        ),
    ]


def _named(trusted: Networks) -> list[IPv4Network | IPv6Network]:
    # Nginx takes "0.0.0.0/0" for its "default" said twice, so everything is named as its two halves.
    halved = [network.subnets() if network.prefixlen == 0 else [network] for network in dict.fromkeys(trusted)]
    return [network for part in halved for network in part]


def _believed(trusted: Networks) -> list[str]:
    if not trusted:
        return _port("$scheme", "$hs_port")
    known = ["default 0;", *(f"{network} 1;" for network in _named(trusted))]
    return [
        *block("geo $realip_remote_addr $hs_trusted", known),
        *block(
            'map "$hs_trusted$http_x_forwarded_proto" $hs_proto',
            ["default $scheme;", '"~*^1https" https;', '"~*^1http(?!s)" http;'],
        ),
        *_port("$hs_proto", "$hs_ownport"),
        *block(
            'map "$hs_trusted$http_x_forwarded_port" $hs_port',
            ["default $hs_ownport;", '"~^1(?<hs_portfound>[0-9]{1,5})$" $hs_portfound;'],
        ),
    ]


def _port(proto: str, variable: str) -> list[str]:
    """The port that the visitor asked for: the one in his Host header, else the scheme's own."""
    ports = ["default 80;", '"https:" 443;', '"~:(?<hs_hostdigits>[0-9]{1,5})$" $hs_hostdigits;']
    return block(f'map "{proto}:$hs_hostport" {variable}', ports)
