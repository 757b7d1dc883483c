"""Checks that a given Nginx has the version and the modules that our files need."""

from __future__ import annotations

from hookserver.config import NginxSettings
from hookserver.errors import NginxError
from hookserver.nginx.binary import NginxBuild

_NEEDED = ("http", "http_rewrite_module", "http_map_module", "http_proxy_module")
_OLDEST = (1, 15, 8)
"""The first version with ``$upstream_bytes_sent``:
https://nginx.org/en/docs/http/ngx_http_upstream_module.html#var_upstream_bytes_sent"""


def check_build(program: str, build: NginxBuild, nginx: NginxSettings) -> None:
    """Check that Nginx has each module and ability that our files need.

    Raises NginxError, with the remedy, when it has not.
    """
    if build.version and build.version < _OLDEST:
        version = ".".join(map(str, build.version))
        raise NginxError(f"{program} is Nginx {version}", f"Use {'.'.join(map(str, _OLDEST))} or newer.")
    missing = [module for module in _NEEDED if module in build.lacking]
    if missing:
        raise NginxError(f"{program} was built without {', '.join(missing)}", "Build it without leaving that out.")
    for_trust = [module for module in ("http_realip_module", "http_geo_module") if module in build.lacking]
    if nginx.trusted_proxies and for_trust:
        raise NginxError(
            f"nginx.trusted_proxies needs {' and '.join(for_trust)}, which {program} was built without",
            "Build it with --with-http_realip_module, or leave nginx.trusted_proxies empty.",
        )
