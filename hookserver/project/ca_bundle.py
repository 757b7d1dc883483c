"""Whether this machine trusts certificates of its own, as one does whose HTTPS leaves through a company's proxy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hookserver.project.findings import Evidence

_VARIABLES = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
_SYSTEMS = (
    ("usr/local/share/ca-certificates", "etc/ssl/certs/ca-certificates.crt"),
    ("etc/pki/ca-trust/source/anchors", "etc/pki/tls/certs/ca-bundle.crt"),
)
"""Where a distribution takes own certificates from, and the file in which it puts all that is trusted."""


def find_ca_bundle(environment: Mapping[str, str], root: Path = Path("/")) -> Evidence | None:
    """The file with all that is trusted here, where that is more than the distribution's own; None where it is not."""
    for name in _VARIABLES:
        if (value := environment.get(name, "")).startswith("/") and Path(value).is_file():
            return Evidence(value, f"${name} of this machine")
    for own, everything in _SYSTEMS:
        bundle = root / everything
        if bundle.is_file() and any(file.is_file() for file in (root / own).rglob("*")):
            return Evidence(str(bundle), f"this machine trusts certificates of its own, in {root / own}")
    return None
