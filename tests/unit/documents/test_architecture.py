"""hookserver/README.md shows the rooms, floors, files and names that there are; tests/README.md the benches."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.unit.documents.pages import ROOT, page, spans

PACKAGE = ROOT / "hookserver"
PURE_DATA = {"builders/job.py", "forges/push.py", "web/api_calls.py"}
"""Modules without behaviour, and so without tests of their own."""
ARCHITECTURE = page("hookserver/README.md")
NAMED = [(name, file) for name, file in re.findall(r"`(\w+)`\s+in\s+`([\w/.]+\.py)`", ARCHITECTURE.text)]


def test_each_room_has_one_line() -> None:
    (table,) = ARCHITECTURE.section("The rooms").tables()
    folders = {file.parent.name for file in PACKAGE.glob("*/__init__.py")}
    modules = {file.name for file in PACKAGE.glob("*.py") if not file.name.startswith("__")}
    documented = [spans(row[0])[0] for row in table.rows]
    assert len(documented) == len(set(documented))
    assert set(documented) == folders | modules


def test_floors_are_those_that_import_linter_checks() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = [one["layers"] for one in settings["tool"]["importlinter"]["contracts"] if one["type"] == "layers"]
    assert "\n".join(layers) in ARCHITECTURE.section("The picture").text


def test_steps_of_the_way_are_those_of_a_deploy() -> None:
    from hookserver.models import Step

    assert re.findall(r"^\d+\. \*\*(\w+)\*\*", ARCHITECTURE.text, re.MULTILINE) == [str(step) for step in Step]


@pytest.mark.parametrize(("name", "file"), NAMED)
def test_name_is_in_the_file_that_is_named(name: str, file: str) -> None:
    assert re.search(rf"\b{name}\b", (PACKAGE / file).read_text(encoding="utf-8"))


def test_table_of_additions_names_files() -> None:
    assert len(NAMED) > 5
    (table,) = ARCHITECTURE.section("Where to add what").tables()
    for row in table.rows:
        named = [span for span in spans(row[1]) if re.fullmatch(r"[\w/]+(?:\.\w+|/)", span)]
        assert named, row[0]
        assert [span for span in named if not (PACKAGE / span).exists() and not (ROOT / span).exists()] == []


def test_each_bench_is_listed_with_its_bars() -> None:
    (table,) = page("tests/README.md").section("Benches").tables()
    rows = {spans(row[0])[0]: row[2] for row in table.rows}
    texts = {file.stem: file.read_text(encoding="utf-8") for file in (ROOT / "tests" / "bench").glob("*.py")}
    assert set(rows) == {name for name, text in texts.items() if '__name__ == "__main__"' in text}
    for bench, bars in rows.items():
        for value in re.findall(r"^\w*BAR\w* = ([\d.]+)$", texts[bench], re.MULTILINE):
            assert re.search(rf"\b{float(value):g}\b", bars), f"{bench}: {value}"


def test_each_module_has_a_test_file_of_its_name() -> None:
    tests = {file.name for kind in ("unit", "integration") for file in (ROOT / "tests" / kind).rglob("test_*.py")}
    modules = {file.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("*.py") if file.stem[:2] != "__"}
    modules = {name for name in modules if not name.startswith("store/migrations/")}
    untested = {name for name in modules if f"test_{name.rpartition('/')[2]}" not in tests}
    assert untested == PURE_DATA
