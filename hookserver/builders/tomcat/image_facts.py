"""The servlet API and the Java version of an image, read from its files without running it."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

from hookserver.engine.archive import read_file
from hookserver.engine.client import Engine
from hookserver.limits.zip import DAMAGED, open_zip

_FILE_LIMIT = 16 << 20
_MANIFEST_LIMIT = 64 << 10


def servlet_api(engine: Engine, container: str, home: str) -> str:
    """``javax`` or ``jakarta``, by ``lib/servlet-api.jar`` of the Tomcat in ``home``; empty: unknown.

    Raises the engine's error class when Docker refuses.
    """
    return api_of_jar(read_file(engine, container, f"{home}/lib/servlet-api.jar", _FILE_LIMIT))


def java(engine: Engine, container: str, env: Mapping[str, str]) -> int:
    """The version (17) of the Java in ``JAVA_HOME``, else the one in ``JAVA_VERSION``; 0: unknown.

    A distribution's Java 8 may have no ``release`` file; the manifest of one of its jars has the version. Raises the
    engine's error class when Docker refuses.
    """
    home = env.get("JAVA_HOME", "")
    if home:
        if version := java_of_release(read_file(engine, container, f"{home}/release", _FILE_LIMIT)):
            return version
        for jar in ("jre/lib/jce.jar", "lib/jce.jar"):
            if version := java_of_manifest(read_file(engine, container, f"{home}/{jar}", _FILE_LIMIT)):
                return version
    return java_version(env.get("JAVA_VERSION", ""))


def api_of_jar(jar: bytes) -> str:
    """The API whose classes a ``servlet-api.jar`` has; empty when it has neither."""
    try:
        with open_zip(io.BytesIO(jar)) as archive:
            names = archive.namelist()
    except DAMAGED:
        return ""
    return next((api for api in ("jakarta", "javax") if any(name.startswith(f"{api}/servlet/") for name in names)), "")


def java_of_release(release: bytes) -> int:
    """The version in a Java's ``release`` file; 0 when it has none."""
    match = re.search(rb'^JAVA_VERSION="([^"]*)"', release, re.MULTILINE)
    return java_version(match[1].decode("ascii", "replace")) if match else 0


def java_of_manifest(jar: bytes) -> int:
    """The Java version in the manifest of one of the platform's jars; 0 when it has none."""
    try:
        with open_zip(io.BytesIO(jar)) as archive, archive.open("META-INF/MANIFEST.MF") as file:
            manifest = file.read(_MANIFEST_LIMIT)
    except (*DAMAGED, KeyError):
        return 0
    match = re.search(rb"^Specification-Version: ([\d.]+)", manifest, re.MULTILINE)
    return java_version(match[1].decode("ascii")) if match else 0


def java_version(text: str) -> int:
    """The 8 of ``1.8.0_402`` and ``jdk8u402-b06``, the 17 of ``17.0.9`` and ``jdk-17.0.9+9``; 0 when it is none."""
    match = re.match(r"(?:jdk-?)?(?:1\.(?=\d))?(\d+)", text)
    return int(match[1]) if match else 0
