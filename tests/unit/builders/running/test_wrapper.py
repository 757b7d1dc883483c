"""A project's own script, run by a real shell as a build runs it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hookserver.builders.running import wrapper

BY_ITS_NAME = """#!/bin/sh
set -euf
command="mvn${0##*/mvnw}"
[ "$command" = mvn ] || { echo "$command: not found"; exit 127; }
echo "$command in $(cd "$(dirname "$0")" && pwd): $*"
"""
"""Derives its command from its own name, as Maven's wrapper without a jar does."""


def ran(folder: Path, command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mode", [0o755, 0o644])
def test_script_that_needs_its_own_name_runs_with_any_line_ends_and_mode(tmp_path: Path, ends: str, mode: int) -> None:
    script = tmp_path / "mvnw"
    script.write_text(BY_ITS_NAME, newline=ends)
    script.chmod(mode)
    done = ran(tmp_path, wrapper.wrapper_command("mvnw", "-B", "a goal"))
    assert (done.returncode, done.stdout) == (0, f"mvn in {tmp_path}: -B a goal\n"), done
    assert script.stat().st_mode & 0o777 == mode
    assert [file.name for file in tmp_path.iterdir()] == ["mvnw"]


def test_script_behind_a_symlink_stays_there(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/run").write_text("#!/bin/sh\r\nreadlink $0\r\n", newline="")
    (tmp_path / "gradlew").symlink_to("tools/run")
    assert ran(tmp_path, wrapper.wrapper_command("gradlew")).stdout == "tools/run\n"


def test_first_command_runs_before_and_the_exit_code_is_that_of_the_script(tmp_path: Path) -> None:
    (tmp_path / "mvnw").write_text('exit "$code"\n')
    assert ran(tmp_path, wrapper.wrapper_command("mvnw", first="export code=9; ")).returncode == 9


def test_command_is_shown_as_typed() -> None:
    assert wrapper.as_typed(wrapper.wrapper_command("gradlew", "assemble", first="unset X; ")) == "./gradlew assemble"
    assert wrapper.as_typed(("sh", "-c", "exec make", "x")) == "sh -c exec make x"
    assert wrapper.as_typed(("sh", "-c", "make")) == "sh -c make"
    assert wrapper.as_typed(("sh", "-c")) == "sh -c"
