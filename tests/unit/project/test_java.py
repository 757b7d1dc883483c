"""Java levels and JDKs."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project import inspect_project
from hookserver.project.findings import Evidence
from hookserver.project.java import image_jdk, java_level, sorted_levels
from tests.unit.project.trees import plant, pom


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".java-version", "temurin-21.0.2\n"),
        (".sdkmanrc", "# ours\njava=21.0.2-tem\n"),
        ("Dockerfile", "FROM openjdk:21-slim\nCOPY . /src\n"),
        ("Dockerfile", "FROM maven:3.9-eclipse-temurin-21 AS build\nFROM debian\n"),
    ],
)
def test_other_files_are_hints_of_the_java_level(tmp_path: Path, name: str, text: str) -> None:
    build = inspect_project(plant(tmp_path, {"pom.xml": pom(""), name: text})).builds[0]
    assert [(level.value, level.where) for level in build.java] == [("21", name)]


@pytest.mark.parametrize(
    ("text", "level"),
    [("1.8", "8"), ("8", "8"), (" 17 ", "17"), ("VERSION_1_8", "8"), ("VERSION_21", "21"), ("1", ""), ("x", "")],
)
def test_java_level_is_read_in_each_notation(text: str, level: str) -> None:
    assert java_level(text) == level


def test_levels_are_sorted_with_weak_ones_last() -> None:
    levels = [Evidence("8", "a"), Evidence("21", "b", weak=True), Evidence("17", "c"), Evidence("8", "d")]
    assert [(level.value, level.where) for level in sorted_levels(levels)] == [("17", "c"), ("8", "a"), ("21", "b")]


@pytest.mark.parametrize(("level", "at_least", "jdk"), [(6, 8, 8), (8, 11, 11), (14, 8, 17), (25, 8, 25), (30, 8, 25)])
def test_image_jdk_is_the_oldest_that_runs_the_level(level: int, at_least: int, jdk: int) -> None:
    assert image_jdk(level, at_least) == jdk
