"""The wheel has every file that the code reads at run time, in the place where the code reads it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.unit.deploy.test_lock import ROOT

JAVA_OF_DEVELOPERS = "hookserver/tomcat_library/(src/test|target)/"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files in the wheel, built as ``pip install .`` builds it, from the files of this checkout, offline."""
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("hookserver", "hooks", "deploy"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet")
    pip = [sys.executable, "-m", "pip", "wheel", *offline, "--wheel-dir", str(made), str(source)]
    done = subprocess.run(pip, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    (wheel,) = made.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_wheel_has_every_file_of_the_package(files: set[str]) -> None:
    package = [file for file in (ROOT / "hookserver").rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    names = {str(file.relative_to(ROOT)) for file in package}
    assert not {name for name in names if not re.match(JAVA_OF_DEVELOPERS, name)} - files


def test_wheel_has_no_java_tests_and_no_output_of_maven(files: set[str]) -> None:
    assert not [name for name in files if re.match(JAVA_OF_DEVELOPERS, name)]


def test_wheel_has_the_files_that_the_code_reads_at_run_time(files: set[str]) -> None:
    assert any(
        re.fullmatch(r"hookserver/tomcat_library/src/main/java/hookserver/requests/\w+\.java", file) for file in files
    )
    assert any(re.fullmatch(r"hookserver/store/migrations/versions/0001_\w+\.py", name) for name in files)
    assert {"hookserver/nginx/error_page.html", "hookserver/store/migrations/env.py"} <= files


def test_wheel_has_the_hook_of_push_repositories_inside_the_package(files: set[str]) -> None:
    assert "hookserver/hooks/post-receive" in files


def test_wheel_has_nothing_else_from_outside_the_package(files: set[str]) -> None:
    inside = {entry.name for entry in (ROOT / "hookserver").iterdir()}
    assert {name.split("/")[1] for name in files if name.startswith("hookserver/")} - inside == {"hooks"}
