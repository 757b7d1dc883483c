"""Reads a project's own wrapper of its build tool: ``mvnw`` or ``gradlew``.

https://maven.apache.org/tools/wrapper/ and https://docs.gradle.org/current/userguide/gradle_wrapper.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hookserver.project.folder import Folder

_FILES = {
    "maven": ("mvnw", ".mvn/wrapper/maven-wrapper.properties"),
    "gradle": ("gradlew", "gradle/wrapper/gradle-wrapper.properties", "gradle/wrapper/gradle-wrapper.jar"),
}
_VERSION = re.compile(r"(?m)^distributionUrl[ \t]*=.*?(?:apache-maven|gradle)-(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Wrapper:
    """``script`` is empty if the wrapper is incomplete, which ``note`` says; ``version`` is known even then."""

    script: str
    version: str
    properties: str
    note: str


def read_wrapper(folder: Folder, kind: str) -> Wrapper:
    """The wrapper of a kind of build, with the version of the tool that it downloads."""
    script, properties, *_ = _FILES[kind]
    missing = next((name for name in _FILES[kind] if name not in folder), "")
    version = _VERSION.search(folder.text(properties))
    note = (
        f"./{script} is not used, since {missing} is missing: commit it, or the image's own {kind.capitalize()} builds"
    )
    return Wrapper(
        script="" if missing else f"./{script}",
        version=version[1] if version else "",
        properties=properties,
        note=note if missing and script in folder else "",
    )
