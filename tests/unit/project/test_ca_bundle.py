"""Certificates that a machine trusts beyond its distribution's."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project import find_ca_bundle
from tests.unit.project.trees import plant


def test_machine_without_additional_certificates_has_no_bundle(tmp_path: Path) -> None:
    plant(tmp_path, {"etc/ssl/certs/ca-certificates.crt": ""})
    (tmp_path / "usr/local/share/ca-certificates").mkdir(parents=True)
    assert find_ca_bundle({"SSL_CERT_FILE": str(tmp_path / "gone.pem")}, tmp_path) is None


@pytest.mark.parametrize(
    ("own", "everything"),
    [
        ("usr/local/share/ca-certificates/acme/proxy.crt", "etc/ssl/certs/ca-certificates.crt"),
        ("etc/pki/ca-trust/source/anchors/proxy.pem", "etc/pki/tls/certs/ca-bundle.crt"),
    ],
)
def test_additional_certificates_lead_to_the_whole_bundle(tmp_path: Path, own: str, everything: str) -> None:
    found = find_ca_bundle({}, plant(tmp_path, {own: "", everything: ""}))
    assert found is not None
    assert found.value == str(tmp_path / everything)


def test_environment_variable_takes_precedence(tmp_path: Path) -> None:
    plant(tmp_path, {"mine.pem": ""})
    found = find_ca_bundle({"CURL_CA_BUNDLE": str(tmp_path / "mine.pem")}, tmp_path)
    assert found is not None
    assert (found.value, found.where) == (str(tmp_path / "mine.pem"), "$CURL_CA_BUNDLE of this machine")
