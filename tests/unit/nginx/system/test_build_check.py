"""The version and the modules of a given Nginx."""

from __future__ import annotations

import pytest

from hookserver.config import NginxSettings
from hookserver.errors import NginxError
from hookserver.nginx.binary import NginxBuild
from hookserver.nginx.system.build_check import check_build

TRUSTED: dict[str, object] = {"trusted_proxies": ["10.0.0.0/8"]}
WITHOUT_GEO = {"--with-http_realip_module": "", "--without-http_geo_module": ""}


@pytest.mark.parametrize(
    ("version", "options", "nginx", "message"),
    [
        ((1, 14, 2), {}, {}, "is Nginx 1.14.2\nUse 1.15.8 or newer"),
        ((1, 22, 1), {"--without-http_rewrite_module": ""}, {}, "without http_rewrite_module"),
        ((1, 22, 1), {"--without-http": ""}, {}, "without http\n"),
        ((1, 22, 1), {}, TRUSTED, "needs http_realip_module"),
        ((1, 22, 1), WITHOUT_GEO, TRUSTED, "needs http_geo_module"),
    ],
)
def test_build_without_a_needed_module_is_refused(
    version: tuple[int, ...], options: dict[str, str], nginx: dict[str, object], message: str
) -> None:
    with pytest.raises(NginxError, match=message):
        check_build("/x", NginxBuild(version, options), NginxSettings.model_validate(nginx))


def test_plain_build_is_accepted() -> None:
    check_build("/x", NginxBuild((), {}), NginxSettings())


def test_oldest_version_with_the_modules_for_trusted_proxies_is_accepted() -> None:
    check_build("/x", NginxBuild((1, 15, 8), {"--with-http_realip_module": ""}), NginxSettings.model_validate(TRUSTED))
