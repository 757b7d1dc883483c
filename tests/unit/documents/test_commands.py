"""Every command in the documents is one that ``hookserver`` and the suite know; every command is documented."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from hookserver import errors
from hookserver.cli import cli
from tests.unit.documents.pages import ROOT, Page, page, pages, spans

OPERATING = page("deploy/README.md")
BARE = ("hookserver lock APP", "hookserver rollback", "hookserver history")
"""Without what it needs, as a text names them."""


def lines() -> list[str]:
    """Each ``hookserver …`` in a block of shell or in the text."""
    shell = [line for one in pages() for block in one.blocks("sh") for line in block.splitlines()]
    found = [*shell, *(span for one in pages() for span in one.spans())]
    return list(dict.fromkeys(line for line in found if line.startswith("hookserver ") and "…" not in line))


def commands(group: click.Group, prefix: str = "") -> dict[str, click.Command]:
    """Every command by its words, a group's own left out."""
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found.update(commands(command, f"{prefix}{name} "))
        else:
            found[f"{prefix}{name}"] = command
    return found


@pytest.mark.parametrize("line", lines())
def test_documented_commands_are_understood(line: str) -> None:
    words = [word.strip("[]") for word in shlex.split(line.split(" > ")[0])[1:]]
    words = words[2:] if words[0] == "--config" else words
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group) and words:
        name, resolved, words = command.resolve_command(context, words)
        assert resolved, name
        command = resolved
    command.make_context(command.name, ["1" if word == "N" else word for word in words], resilient_parsing=line in BARE)


def test_table_of_commands_has_each_with_its_options() -> None:
    (table,) = [table for table in OPERATING.section("Command line").tables() if table.header[0] == "command"]
    documented = {}
    for command, does in table.rows:
        words = spans(command)[0].removeprefix("hookserver ").split()
        name = " ".join(word for word in words if word.islower())
        documented[name] = {span for span in spans(does) if span.startswith("--")}
    assert documented == {
        name: {max(one.opts, key=len) for one in command.params if isinstance(one, click.Option)}
        for name, command in commands(cli).items()
    }


def test_table_of_exit_codes_is_that_of_the_errors() -> None:
    (table,) = [table for table in OPERATING.section("Command line").tables() if table.header[0] == "exit code"]
    ours = {
        error.exit_code for error in vars(errors).values() if isinstance(error, type) and hasattr(error, "exit_code")
    }
    assert {int(code) for code, _ in table.rows} == {0, 2, 130} | ours


@pytest.mark.parametrize("document", pages(), ids=lambda one: str(one.path.relative_to(ROOT)))
def test_documented_parts_of_the_suite_exist(document: Page) -> None:
    script = (ROOT / "tests" / "run.sh").read_text(encoding="utf-8")
    for part, bench in re.findall(r"\./tests/run\.sh ([a-z]+)(?: ([a-z_]+))?", document.text):
        assert re.search(rf"^    (?:\w+ \| )*{part}\b.*\)$", script, re.MULTILINE), part
        if part == "bench" and bench:
            assert (ROOT / "tests" / "bench" / f"{bench}.py").is_file(), bench


@pytest.mark.parametrize("script", ["./deploy/demo.sh", "./tests/run.sh"])
def test_two_commands_of_the_readme_are_programs(script: str) -> None:
    assert f"{script}\n" in page("README.md").blocks("sh")
    assert (ROOT / script).stat().st_mode & 0o111


def test_options_of_the_demo_are_documented_as_they_are() -> None:
    script = (ROOT / "deploy" / "demo.sh").read_text(encoding="utf-8")
    for option in re.findall(r"\./deploy/demo\.sh (--\w+)", page("README.md").text):
        assert f"#   ./deploy/demo.sh {option} " in script
