"""The servlet API and the Java version of an image, read from its files."""

from __future__ import annotations

import pytest

from hookserver.builders.tomcat import image_facts
from tests.unit.builders.wars.test_facts import class_file, zipped


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.8.0_402", 8),
        ("jdk8u402-b06", 8),
        ("8u402", 8),
        ("11.0.22", 11),
        ("jdk-17.0.9+9", 17),
        ("21", 21),
        ("1", 1),
        ("", 0),
        ("latest", 0),
    ],
)
def test_java_version_is_read_in_every_form(text: str, version: int) -> None:
    assert image_facts.java_version(text) == version


def test_java_version_is_in_the_release_file_or_the_manifest_of_an_old_library() -> None:
    assert image_facts.java_of_release(b'IMPLEMENTOR="X"\nJAVA_VERSION="17.0.21"\nJAVA_VERSION_DATE="2026"\n') == 17
    assert image_facts.java_of_release(b"") == 0
    manifest = b"Manifest-Version: 1.0\r\nSpecification-Version: 1.8\r\n"
    assert image_facts.java_of_manifest(zipped({"META-INF/MANIFEST.MF": manifest})) == 8
    assert image_facts.java_of_manifest(zipped({"a": b""})) == image_facts.java_of_manifest(b"") == 0


@pytest.mark.parametrize("api", ["javax", "jakarta"])
def test_servlet_api_is_read_from_the_entries_of_its_jar(api: str) -> None:
    assert image_facts.api_of_jar(zipped({f"{api}/servlet/Servlet.class": class_file()})) == api


@pytest.mark.parametrize("jar", [b"", b"no jar", zipped({"com/javax/servlet/A.class": b""})])
def test_other_content_has_no_servlet_api(jar: bytes) -> None:
    assert image_facts.api_of_jar(jar) == ""
