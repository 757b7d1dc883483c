"""``requirements.lock`` is what ``pyproject.toml`` asks for; ``deploy/lock.sh`` writes it."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
FILE = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = FILE["project"]
PRODUCT = [Requirement(text) for text in PROJECT["dependencies"]]
BUILD = [Requirement(text) for text in PROJECT["optional-dependencies"]["build"]]
TOOLS = [Requirement(text) for text in PROJECT["optional-dependencies"]["test"]]
LOCK = (ROOT / "requirements.lock").read_text()


def entries() -> dict[str, tuple[Requirement, list[str]]]:
    """Each requirement of the lock with its hashes, by its name."""
    logical = [line for line in re.sub(r" *\\\n +", " ", LOCK).splitlines() if not line.startswith("#")]
    parts = [line.split(" --hash=") for line in logical]
    return {canonicalize_name(Requirement(text).name): (Requirement(text), hashes) for text, *hashes in parts}


def needed() -> set[str]:
    """The packages that the project needs on this machine, those of its packages included."""
    found: dict[tuple[str, str], None] = {}
    waiting = [(wanted, "") for wanted in (*PRODUCT, *BUILD, *TOOLS)]
    while waiting:
        wanted, extra = waiting.pop()
        if not is_installed(wanted, extra):
            continue
        name = canonicalize_name(wanted.name)
        for its_extra in ("", *wanted.extras):
            if (name, its_extra) not in found:
                found[name, its_extra] = None
                waiting += [(Requirement(text), its_extra) for text in requires(name) or ()]
    return {name for name, _ in found}


def is_installed(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def test_every_requirement_of_the_lock_is_one_version_with_hashes() -> None:
    assert len(entries()) > 40
    for requirement, hashes in entries().values():
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert hashes
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", one) for one in hashes), requirement


@pytest.mark.parametrize("wanted", [*PRODUCT, *BUILD, *TOOLS], ids=lambda wanted: wanted.name)
def test_lock_has_a_version_that_fits_the_project(wanted: Requirement) -> None:
    locked, _ = entries()[canonicalize_name(wanted.name)]
    (version,) = locked.specifier
    assert wanted.specifier.contains(version.version), f"run deploy/lock.sh: {locked} is not {wanted}"


@pytest.mark.parametrize("wanted", [*PRODUCT, *BUILD, *TOOLS], ids=lambda wanted: wanted.name)
def test_every_dependency_has_an_upper_bound(wanted: Requirement) -> None:
    assert any(bound.operator in ("<", "==") for bound in wanted.specifier), wanted


def test_lock_is_complete_and_has_nothing_that_the_project_does_not_need() -> None:
    locked = {name for name, (requirement, _) in entries().items() if is_installed(requirement, "test")}
    assert needed() == locked, "run deploy/lock.sh"


def test_installation_leaves_out_the_tools_of_the_tests() -> None:
    installed = {name for name, (requirement, _) in entries().items() if is_installed(requirement, "")}
    assert installed >= {canonicalize_name(wanted.name) for wanted in [*PRODUCT, *BUILD]}
    tools = {canonicalize_name(wanted.name) for wanted in TOOLS}
    assert installed & tools == {"packaging"}, "hatchling needs it too"
    assert all(is_installed(entries()[canonicalize_name(wanted.name)][0], "test") for wanted in TOOLS)


def test_installation_takes_what_it_builds_with_from_the_lock() -> None:
    assert PROJECT["optional-dependencies"]["build"] == FILE["build-system"]["requires"]
    for name in ("README.md", "deploy/README.md", "deploy/machine.sh", "deploy/lock.sh"):
        installs = re.findall("install .*--no-deps .*", (ROOT / name).read_text(encoding="utf-8"))
        assert installs, name
        assert all("--no-build-isolation" in line for line in installs), name


def test_every_way_of_installation_takes_only_what_the_lock_has_by_its_hashes() -> None:
    files = [*ROOT.glob("*.md"), *(ROOT / "deploy").rglob("*.md"), *ROOT.glob("*/*.sh"), *ROOT.glob(".ci/*")]
    texts = {file: file.read_text(encoding="utf-8") for file in files if file.is_file()}
    installs = [line for text in texts.values() for line in re.findall(r"pip\"? install\b.*", text)]
    assert len(installs) >= 6
    # lock.sh makes the lock with uv, of which nothing is installed.
    unlocked = [
        line for line in installs if not re.search("--require-hashes|--no-deps", line) and line.split()[-1] != "uv"
    ]
    assert unlocked == []


def test_lock_names_no_package_index() -> None:
    assert not re.search(r"https?://|index-url|find-links", LOCK)
