"""The command line as a whole: its help and its exit codes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hookserver import cli as command_line
from hookserver.cli import cli
from hookserver.errors import (
    AppLocked,
    BuildError,
    DeployFailed,
    HookserverError,
    NotFound,
    Refused,
    SettingsError,
    StoreError,
)


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize(("path", "command"), [*commands()])
def test_every_command_and_option_has_a_help_text(path: tuple[str, ...], command: click.Command) -> None:
    shown = CliRunner().invoke(cli, [*path, "--help"])
    assert shown.exit_code == 0
    summary = command.get_short_help_str(limit=60)
    assert summary, path
    assert not summary.endswith("..."), summary
    assert [option.name for option in command.params if isinstance(option, click.Option) and not option.help] == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (HookserverError("x"), 1),
        (StoreError("x"), 1),
        (NotFound("x"), 3),
        (SettingsError("x", ["y"]), 4),
        (Refused("x"), 5),
        (AppLocked("shop", "ada", "stocktaking"), 5),
        (DeployFailed("x"), 6),
        (BuildError("x"), 6),
        (click.Abort(), 130),
        (click.UsageError("x"), 2),
    ],
)
def test_every_error_has_its_exit_code(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "main", fail)
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == code
    assert capsys.readouterr().out == ""


def test_help_lists_the_exit_codes() -> None:
    text = " ".join(CliRunner().invoke(cli, ["--help"]).output.split())
    for code in (
        "0 done",
        "1 error",
        "2 wrong usage",
        "3 not found",
        "4 wrong settings",
        "5 refused",
        "130 interrupted",
    ):
        assert code in text


def test_problem_and_its_remedy_go_to_stderr(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "hookserver", "--config", str(tmp_path / "none.toml"), "check"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (4, "")
    assert "no settings file at" in done.stderr
    assert "\x1b" not in done.stderr
