"""A company's certificates for the programs of a build: the PEM file itself, and a Java truststore made from it."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Mapping
from pathlib import Path

from hookserver.builders.running.cache import write_cached
from hookserver.errors import BuildError

PASSWORD = "changeit"  # noqa: S105
"""The password of every JDK's own truststore (keytool(1), "cacerts"); a truststore holds no secret."""
_PEM_PLACE = "/run/hookserver/ca-bundle.pem"
_JAVA_PLACE = "/run/hookserver/truststore.p12"
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
# In this order: OpenSSL, Python and Go (SSL_CTX_load_verify_locations(3)); curl(1); requests; Node.js; git-config(1).
_PEM_VARIABLES = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO")


def mounts(bundle: Path, cache: Path) -> dict[Path, str]:
    """The paths in the build's container, by the files on the host.

    Raises BuildError when the bundle cannot be read, or has no certificate.
    """
    return {bundle.absolute(): _PEM_PLACE, java_truststore(bundle, cache).absolute(): _JAVA_PLACE}


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The ``given`` variables, and those that make curl, Python, Node, git and Java trust the certificates.

    Java reads ``JAVA_TOOL_OPTIONS`` at every start:
    https://docs.oracle.com/javase/8/docs/technotes/guides/troubleshoot/envvars002.html
    """
    java = (
        f"-Djavax.net.ssl.trustStore={_JAVA_PLACE} -Djavax.net.ssl.trustStorePassword={PASSWORD} "
        "-Djavax.net.ssl.trustStoreType=PKCS12"
    )
    options = f"{java} {given.get('JAVA_TOOL_OPTIONS', '')}".rstrip()
    return {**dict.fromkeys(_PEM_VARIABLES, _PEM_PLACE), **given, "JAVA_TOOL_OPTIONS": options}


def java_truststore(bundle: Path, cache: Path) -> Path:
    """The PKCS12 truststore of a PEM bundle, made once for each content.

    Raises BuildError when the bundle cannot be read, or has no certificate.
    """
    try:
        pem = bundle.read_bytes()
    except OSError as error:
        raise BuildError(
            f"build.ca_bundle cannot be read: {error}", "Set it to a PEM file that hookserver's user may read."
        ) from error
    truststore = cache / "truststores" / f"{hashlib.sha256(pem).hexdigest()}.p12"
    if not truststore.exists():
        content = _pkcs12(pem)
        if content is None:
            raise BuildError(f"build.ca_bundle: no certificate in {bundle}", "Set it to a file with PEM certificates.")
        write_cached(truststore, content)
    return truststore


def _pkcs12(pem: bytes) -> bytes | None:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

    certificates = []
    with warnings.catch_warnings(action="ignore"):  # cryptography warns of old certificates in public bundles
        for number, block in enumerate(_CERTIFICATE.findall(pem)):
            try:
                certificate = x509.load_pem_x509_certificate(block)
            except ValueError:
                continue
            certificates.append(pkcs12.PKCS12Certificate(certificate, f"ca-{number}".encode()))
    if not certificates:
        return None
    # Java 8 reads the newer HmacPBESHA256 only since 8u301: https://bugs.java.com/bugdatabase/view_bug?bug_id=8267701
    # Old algorithms do no harm: certificates are no secret.
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2048)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(SHA1())  # noqa: S303
        .build(PASSWORD.encode())
    )
    return pkcs12.serialize_java_truststore(certificates, encryption)
