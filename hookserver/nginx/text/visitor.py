"""The headers that describe a visitor to an app: address, scheme, host. No claim of the visitor passes."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network

from hookserver.nginx.text.syntax import table

Networks = Sequence[IPv4Network | IPv6Network]


# $http_host is what the visitor sent, $host is what chose the server, without a port. Nginx has a variable for the port
# only since 1.29.3: https://nginx.org/en/docs/http/ngx_http_core_module.html#var_request_port
_HOST_PORT = table(
    "map $http_host $hs_host_port",
    ['default "";', '"~(?<hs_host_port_found>:(?<hs_host_digits>[0-9]{1,5}))$" $hs_host_port_found;'],
    "The port in the visitor's Host header, with its colon.",
)


def maps(trusted: Networks) -> list[str]:
    """The variables that the headers are made of.

    ``trusted``: the proxies before us that Nginx believes about scheme, port and address.
    """
    return [
        # Strings of a map are compared without case: https://nginx.org/en/docs/http/ngx_http_map_module.html
        *table(
            "map $http_upgrade $hs_upgrade", ['default "";', "websocket websocket;"], "Only a WebSocket is passed on."
        ),
        *table("map $hs_upgrade $hs_connection", ['default "";', "websocket upgrade;"]),
        # $request_id is random, which costs more than all other headers together. $connection is a serial number over
        # all workers; it begins anew when Nginx starts, at another time ($msec):
        # https://nginx.org/en/docs/http/ngx_http_core_module.html#var_connection
        *table(
            'map "" $hs_request_id',
            ['default "$msec-$connection-$connection_requests";'],
            "A name for each request, computed once: in its answer, its log line, the app's and the request journal.",
        ),
        *_HOST_PORT,
        *_believed(trusted),
    ]


def proto(trusted: Networks) -> str:
    """The variable with the scheme that the visitor used."""
    return "$hs_proto" if trusted else "$scheme"


def headers(trusted: Networks) -> list[str]:
    """The headers that an app gets; an empty one is not sent.

    https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header
    """
    sent = {
        "Host": "$host$hs_host_port",
        "X-Real-IP": "$remote_addr",
        "X-Forwarded-For": "$remote_addr",
        "X-Forwarded-Proto": proto(trusted),
        "X-Forwarded-Host": "$host$hs_host_port",
        "X-Forwarded-Port": "$hs_port",
        "X-Forwarded-Ssl": '""',
        "X-Forwarded-Prefix": '""',
        "Forwarded": '""',
        "X-Request-Id": "$hs_request_id",
        # CGI would make HTTP_PROXY of it (https://httpoxy.org/); frameworks take the path from the other two.
        "Proxy": '""',
        "X-Original-URL": '""',
        "X-Rewrite-URL": '""',
        "X-Hookserver-Elsewhere": "$hs_elsewhere",
        "X-Hookserver-Sessions": '""',
        "Upgrade": "$hs_upgrade",
        "Connection": "$hs_connection",
    }
    return [f"proxy_set_header {header} {value};" for header, value in sent.items()]


def real_address(trusted: Networks) -> list[str]:
    """The proxies that Nginx believes about the visitor's address.

    https://nginx.org/en/docs/http/ngx_http_realip_module.html
    """
    if not trusted:
        return []
    named = [f"set_real_ip_from {network};" for network in _named(trusted)]
    return [*named, "real_ip_header X-Forwarded-For;", "real_ip_recursive on;"]


def _named(trusted: Networks) -> list[IPv4Network | IPv6Network]:
    # "0.0.0.0/0" is the same key as "default" to geo, a duplicate; two halves are not:
    # https://nginx.org/en/docs/http/ngx_http_geo_module.html
    halved = [network.subnets() if network.prefixlen == 0 else [network] for network in dict.fromkeys(trusted)]
    return [network for part in halved for network in part]


def _believed(trusted: Networks) -> list[str]:
    if not trusted:
        return _port("$scheme", "$hs_port")
    ranges = ["default 0;", *(f"{network} 1;" for network in _named(trusted))]
    return [
        *table(
            "geo $realip_remote_addr $hs_trusted", ranges, "Whether a proxy of nginx.trusted_proxies sent the request."
        ),
        *table(
            'map "$hs_trusted$http_x_forwarded_proto" $hs_proto',
            ["default $scheme;", '"~*^1https" https;', '"~*^1http(?!s)" http;'],
            "The scheme and the port that the visitor used, as a trusted proxy says.",
        ),
        *_port("$hs_proto", "$hs_own_port"),
        *table(
            'map "$hs_trusted$http_x_forwarded_port" $hs_port',
            ["default $hs_own_port;", '"~^1(?<hs_port_found>[0-9]{1,5})$" $hs_port_found;'],
        ),
    ]


def _port(proto: str, variable: str) -> list[str]:
    """The port that the visitor used: the one in their Host header, else the scheme's own."""
    return table(f'map "{proto}$hs_host_port" {variable}', ["default $hs_host_digits;", "http 80;", "https 443;"])
