"""Maven projects, before anything runs."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.builders.kinds import maven
from hookserver.builders.running.wrapper import as_typed
from hookserver.deploy_log import DeployLog

POM = '<project xmlns="http://maven.apache.org/POM/4.0.0"><packaging>war</packaging></project>'


@pytest.mark.parametrize(
    ("pom", "packaging"),
    [
        (POM, "war"),
        ("<project><packaging> war </packaging></project>", "war"),
        ("<project><artifactId>x</artifactId></project>", "jar"),
        ("<project>", "unknown"),
        ('<!DOCTYPE p [<!ENTITY a "b">]><project>&a;</project>', "unknown"),
    ],
)
def test_packaging_is_read_from_the_pom(pom: str, packaging: str) -> None:
    assert maven.packaging(pom) == packaging


def test_hints_are_no_errors() -> None:
    lines = [
        "[ERROR] /source/Cart.java:[5,3] cannot find symbol",
        "[ERROR] Failed to execute goal x: Compilation failure",
        "[ERROR] COMPILATION ERROR : ",
        "[ERROR] -> [Help 1]",
        "[ERROR] ",
        "[ERROR] To see the full stack trace of the errors, re-run Maven with the -e switch.",
        "[ERROR] Re-run Maven using the -X switch to enable full debug logging.",
        "[ERROR] For more information about the errors and possible solutions, please read the following articles:",
        "[ERROR] [Help 1] http://cwiki.apache.org/confluence/x",
        "[ERROR] After correcting the problems, you can resume the build with the command",
        "[ERROR]   mvn <args> -rf :server",
        "[INFO] BUILD FAILURE",
    ]
    assert [line for line in lines if maven.is_error(line)] == lines[:2]


@pytest.mark.parametrize(
    ("files", "command", "note"),
    [
        ([], "mvn -ntp -B -DskipTests package", ""),
        (["mvnw"], "mvn -ntp -B -DskipTests package", "./mvnw is not used"),
        (["mvnw", ".mvn/wrapper/maven-wrapper.properties"], "./mvnw -D", ""),
    ],
)
def test_wrapper_runs_when_the_project_has_all_its_files(
    tmp_path: Path, files: list[str], command: str, note: str
) -> None:
    source = tmp_path / "source"
    for name in ("pom.xml", *files):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("")
    with contextlib.closing(DeployLog(tmp_path / "log")) as log:
        assert as_typed(maven.default_command(source, log)).startswith(command)
    assert note in (tmp_path / "log").read_text()


PIECES = [
    "<?xml version='1.0' encoding='",
    "utf-16",
    "x",
    "'?>",
    "<project>",
    "<packaging>",
    "</packaging>",
    "<!ENTITY a 'b'>",
]


@given(st.one_of(st.text(max_size=100), st.lists(st.sampled_from([*PIECES, "&a;", "</project>", "\0"])).map("".join)))
def test_any_text_has_a_packaging(pom: str) -> None:
    assert isinstance(maven.packaging(pom), str)
