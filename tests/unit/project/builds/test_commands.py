"""The commands that build a project."""

from __future__ import annotations

import pytest

from hookserver.project.builds.commands import command
from hookserver.project.findings import Build


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (Build("maven", ""), "mvn -ntp -B -DskipTests package"),
        (Build("maven", "", arguments=("-Pfull",)), "mvn -ntp -B -DskipTests -Pfull package"),
        (Build("gradle", ""), "gradle --no-daemon --console=plain assemble"),
        (Build("ant", "", arguments=("war",)), "ant -noinput war"),
    ],
)
def test_command_is_the_tools_own_with_additional_arguments(build: Build, expected: str) -> None:
    assert " ".join(command(build)) == expected


@pytest.mark.parametrize(("kind", "option"), [("maven", "-f a"), ("gradle", "-p a"), ("ant", "-f a/build.xml")])
def test_command_names_the_subfolder(kind: str, option: str) -> None:
    assert option in " ".join(command(Build(kind, ""), "a"))


def test_wrapper_runs_in_its_subfolder_without_the_images_maven_config() -> None:
    words = command(Build("maven", "", wrapper="./mvnw"), "my shop")
    assert words == ("sh", "-c", "cd 'my shop' && unset MAVEN_CONFIG && exec sh ./mvnw -B -DskipTests package")
