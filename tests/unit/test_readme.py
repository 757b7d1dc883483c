"""What the README shows is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from hookserver.cli import cli

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_settings_reference_is_the_example_file() -> None:
    assert f"```toml\n{(ROOT / 'deploy' / 'hookserver.example.toml').read_text()}```" in README


COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("hookserver ")])
def test_every_command_line_of_the_readme_is_understood(line: str) -> None:
    words = line.split(" > ")[0].replace('"', "").split()[1:]
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(context, words)
        assert found, name
        command = found
    command.make_context(command.name, words)


def test_every_command_is_in_the_readme() -> None:
    assert [name for name in cli.commands if not re.search(rf"\bhookserver {name}\b", README)] == []


def test_the_contributing_section_names_real_parts_of_the_suite() -> None:
    script = (ROOT / "tests" / "run.sh").read_text()
    for part in re.findall(r"\./tests/run\.sh (\w+)", README):
        assert re.search(rf"\b{part}\b", script), part
