"""Ant projects, before anything runs."""

from __future__ import annotations

from pathlib import Path

from hookserver.builders.kinds import ant


def test_kind_fits_a_source_with_a_build_xml(tmp_path: Path) -> None:
    assert ant.recognise(tmp_path) == ""
    (tmp_path / "build.xml").write_text("<project/>")
    assert ant.recognise(tmp_path) == "build.xml"


def test_progress_is_no_error() -> None:
    lines = [
        "    [javac] /source/Cart.java:2: error: cannot find symbol",
        "    [javac]   symbol:   class Basket",
        "/source/build.xml:7: Compile failed; see the compiler error output for details.",
        "Buildfile: build.xml does not exist!",
        "    [javac] Compiling 1 source file to /source/classes",
        "compile:",
        "BUILD FAILED",
        "Total time: 1 second",
    ]
    assert [line for line in lines if ant.is_error(line)] == lines[:4]
