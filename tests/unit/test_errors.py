"""Errors as people read them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import hookserver
from hookserver.errors import AppLocked, BuildError, NotFound, Refused, did_you_mean, in_one_line, no_such_app


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "the build failed (exit code 1):\n  Cart.java:2: no symbol\n  more\nMend it.",
            "the build failed (exit code 1): Cart.java:2: no symbol",
        ),
        ("the image is gone\nDeploy again.", "the image is gone"),
        ("the build was stopped after 10m; its last lines:\n  [INFO] fine", "the build was stopped after 10m"),
        ("no WAR fits:", "no WAR fits:"),
        ("\n  Docker is away \n", "Docker is away"),
        ("", ""),
    ],
)
def test_one_line_contains_the_announced_cause(text: str, line: str) -> None:
    assert in_one_line(text) == line


def test_nearest_known_word_is_proposed() -> None:
    assert did_you_mean("shpo", ["blog", "shop"]) == "Did you mean 'shop'?"
    assert did_you_mean("intranet", ["blog", "shop"]) == ""
    assert did_you_mean("shop", {}) == ""


def test_locked_app_names_who_why_and_the_command_that_unlocks_it() -> None:
    error = AppLocked("shop", "ada", "stocktaking")
    assert error.problem == "shop is locked by ada: stocktaking"
    assert "`hookserver unlock shop`" in error.remedy
    assert isinstance(error, Refused)


def test_error_for_an_unknown_app_names_the_nearest_or_the_place_of_all() -> None:
    near = no_such_app("shpo", ["blog", "shop"])
    assert isinstance(near, NotFound)
    assert (near.problem, near.remedy) == ("there is no app 'shpo'", "Did you mean 'shop'?")
    assert no_such_app("intranet", ["shop"]).remedy == "The apps are the sections [apps.NAME] of the settings file."


def test_every_error_has_a_remedy() -> None:
    package = Path(hookserver.__file__).parent
    trees = {file.relative_to(package): ast.parse(file.read_text("utf-8")) for file in package.rglob("*.py")}
    classes = _error_classes(trees.values())
    calls = [(file, call) for file, tree in trees.items() for call in _constructions(tree, classes)]
    assert len(calls) > 100
    assert [f"{file}:{call.lineno} {ast.unparse(call)}" for file, call in calls if not _has_remedy(call)] == []


@pytest.mark.parametrize(
    ("call", "has"),
    [
        ("NotFound('gone')", False),
        ("NotFound('gone', '')", False),
        ("BadRequest('odd', http_status=422)", False),
        ("NotFound('gone', remedy='')", False),
        ("NotFound('gone', 'Look elsewhere.')", True),
        ("NotFound('gone', error.remedy)", True),
        ("NotFound('gone', remedy=f'See {place}.')", True),
    ],
)
def test_remedy_is_the_second_argument_or_the_keyword(call: str, has: bool) -> None:
    (found,) = _constructions(ast.parse(call), {"NotFound", "BadRequest"})
    assert _has_remedy(found) is has


def _error_classes(trees: Iterable[ast.Module]) -> set[str]:
    """HookserverError and all classes below it, by name."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    names = {"HookserverError"}
    while more := {name for name, above in bases.items() if above & names} - names:
        names |= more
    return names


def _constructions(tree: ast.AST, classes: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in classes:
                yield node


def _has_remedy(call: ast.Call) -> bool:
    given = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "remedy")]
    return any(not (isinstance(value, ast.Constant) and not value.value) for value in given)


def test_error_that_quotes_a_program_is_plain_text() -> None:
    error = BuildError("mvn: \x1b]52;c;ZXZpbA==\x07\x1b[31m[ERROR]\x9b0m \u202ex\n  line", "see\x07 it")
    assert error.problem == "mvn: [ERROR] x\n  line"
    assert str(error) == "mvn: [ERROR] x\n  line\nsee it"
