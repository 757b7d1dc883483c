"""Finds the certificates that this machine trusts beyond its distribution's, for example a company proxy's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hookserver.project.findings import Evidence

_VARIABLES = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
# The folder of local CAs, and the bundle that includes them: update-ca-certificates(8) of Debian, update-ca-trust(8) of
# Fedora.
_SYSTEMS = (
    ("usr/local/share/ca-certificates", "etc/ssl/certs/ca-certificates.crt"),
    ("etc/pki/ca-trust/source/anchors", "etc/pki/tls/certs/ca-bundle.crt"),
)


def find_ca_bundle(environment: Mapping[str, str], root: Path = Path("/")) -> Evidence | None:
    """The file with all trusted certificates, if this machine has added some; None if it has not."""
    for name in _VARIABLES:
        if (value := environment.get(name, "")).startswith("/") and Path(value).is_file():
            return Evidence(value, f"${name} of this machine")
    for local, everything in _SYSTEMS:
        bundle = root / everything
        if bundle.is_file() and any(file.is_file() for file in (root / local).rglob("*")):
            return Evidence(str(bundle), f"this machine trusts additional certificates, in {root / local}")
    return None
