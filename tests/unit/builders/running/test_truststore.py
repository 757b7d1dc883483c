"""A truststore from a PEM bundle."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from hookserver.builders.running import truststore
from hookserver.errors import BuildError


def certificate(name: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
    )
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_truststore_has_every_certificate_and_is_made_once(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(b"# ours\n" + certificate("one") + b"\n# theirs\n" + certificate("two"))
    place = truststore.java_truststore(bundle, tmp_path / "cache")
    kept = pkcs12.load_pkcs12(place.read_bytes(), b"changeit").additional_certs
    assert [cert.certificate.subject.rfc4514_string() for cert in kept] == ["CN=one", "CN=two"]
    written = place.stat().st_mtime_ns
    assert truststore.java_truststore(bundle, tmp_path / "cache") == place
    assert place.stat().st_mtime_ns == written
    bundle.write_bytes(certificate("three"))
    assert truststore.java_truststore(bundle, tmp_path / "cache") != place


def test_unreadable_certificate_is_left_out(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + certificate("good"))
    place = truststore.java_truststore(bundle, tmp_path)
    assert len(pkcs12.load_pkcs12(place.read_bytes(), b"changeit").additional_certs) == 1


def test_missing_or_empty_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"build\.ca_bundle cannot be read"):
        truststore.java_truststore(tmp_path / "none.pem", tmp_path)
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(BuildError, match=r"build\.ca_bundle: no certificate in"):
        truststore.java_truststore(tmp_path / "empty.pem", tmp_path)


def test_variables_of_the_settings_stay() -> None:
    env = truststore.environment({"JAVA_TOOL_OPTIONS": "-Xmx1g", "SSL_CERT_FILE": "/mine.pem", "A": "b"})
    assert env["JAVA_TOOL_OPTIONS"].endswith("-Djavax.net.ssl.trustStoreType=PKCS12 -Xmx1g")
    assert env["SSL_CERT_FILE"] == "/mine.pem"
    assert env["CURL_CA_BUNDLE"] == "/run/hookserver/ca-bundle.pem"
    assert env["A"] == "b"
