"""A company's certificates for what runs in a build: the PEM file itself, and a Java truststore made from it."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Mapping
from pathlib import Path

from hookserver.builders.running.cache import keep
from hookserver.errors import BuildError

PASSWORD = "changeit"  # noqa: S105
"""Java's own habit; a truststore holds no secret."""
_PEM_PLACE = "/run/hookserver/ca-bundle.pem"
_JAVA_PLACE = "/run/hookserver/truststore.p12"
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_PEM_VARIABLES = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO")


def mounts(bundle: Path, cache: Path) -> dict[Path, str]:
    """The files on the host that a build sees, and where. Raises BuildError when the bundle is of no use."""
    return {bundle.absolute(): _PEM_PLACE, java_truststore(bundle, cache).absolute(): _JAVA_PLACE}


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The variables that make curl, Python, Node, git and Java trust it, beside those that are ``given``."""
    java = (
        f"-Djavax.net.ssl.trustStore={_JAVA_PLACE} -Djavax.net.ssl.trustStorePassword={PASSWORD} "
        "-Djavax.net.ssl.trustStoreType=PKCS12"
    )
    options = f"{java} {given.get('JAVA_TOOL_OPTIONS', '')}".rstrip()
    return {**dict.fromkeys(_PEM_VARIABLES, _PEM_PLACE), **given, "JAVA_TOOL_OPTIONS": options}


def java_truststore(bundle: Path, cache: Path) -> Path:
    """The PKCS12 truststore of a PEM bundle, made once for each content. Raises BuildError."""
    try:
        pem = bundle.read_bytes()
    except OSError as error:
        raise BuildError(f"build.ca_bundle cannot be read: {error}", "Name a PEM file that is there.") from error
    place = cache / "truststores" / f"{hashlib.sha256(pem).hexdigest()}.p12"
    if not place.exists():
        made = _pkcs12(pem)
        if made is None:
            raise BuildError(f"build.ca_bundle: no certificate in {bundle}", "Name a file of PEM certificates.")
        keep(place, made)
    return place


def _pkcs12(pem: bytes) -> bytes | None:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

    certificates = []
    with warnings.catch_warnings(action="ignore"):  # old certificates in public bundles break today's rules
        for number, found in enumerate(_CERTIFICATE.findall(pem)):
            try:
                certificate = x509.load_pem_x509_certificate(found)
            except ValueError:
                continue
            certificates.append(pkcs12.PKCS12Certificate(certificate, f"ca-{number}".encode()))
    if not certificates:
        return None
    # Java 8 before 8u301 reads no newer encryption; nothing here is secret.
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2048)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(SHA1())  # noqa: S303
        .build(PASSWORD.encode())
    )
    return pkcs12.serialize_java_truststore(certificates, encryption)
