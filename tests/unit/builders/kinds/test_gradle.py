"""Gradle projects, before anything runs."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from hookserver.builders.kinds import gradle
from hookserver.builders.running.wrapper import as_typed
from hookserver.deploy_log import DeployLog


def test_progress_is_no_error() -> None:
    lines = [
        "/source/Cart.java:2: error: cannot find symbol",
        "  symbol:   class Basket",
        "Execution failed for task ':compileJava'.",
        "> Compilation failed; see the compiler error output for details.",
        "Could not resolve shop:core:1.",
        'Exception in thread "main" java.net.UnknownHostException: x',
        "> Task :compileJava FAILED",
        "1 error",
        "FAILURE: Build failed with an exception.",
        "* Try:",
        "Run with --stacktrace option to get the stack trace.",
    ]
    assert [line for line in lines if gradle.is_error(line)] == lines[:6]


@pytest.mark.parametrize(
    ("files", "command", "note"),
    [
        ([], "gradle --no-daemon --console=plain assemble", ""),
        (
            ["gradlew", "gradle/wrapper/gradle-wrapper.properties"],
            "gradle --no-daemon",
            "gradle-wrapper.jar is missing",
        ),
        (
            ["gradlew", "gradle/wrapper/gradle-wrapper.properties", "gradle/wrapper/gradle-wrapper.jar"],
            "./gradlew --no-daemon --console=plain assemble",
            "",
        ),
    ],
)
def test_wrapper_runs_when_the_project_has_all_its_files(
    tmp_path: Path, files: list[str], command: str, note: str
) -> None:
    for name in files:
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).write_text("")
    with contextlib.closing(DeployLog(tmp_path / "log")) as log:
        assert as_typed(gradle.default_command(tmp_path / "source", log)).startswith(command)
    assert note in (tmp_path / "log").read_text()
