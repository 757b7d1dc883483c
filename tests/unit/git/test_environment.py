from __future__ import annotations

import subprocess
from pathlib import Path

from hookserver.git.environment import RULES, SENDING, environment, include, without_inherited


def test_git_inherits_no_git_variable() -> None:
    outside = {"GIT_DIR": "/x", "GIT_SSH_COMMAND": "evil", "PATH": "/bin", "GIT_CONFIG_COUNT": "1"}
    ours = environment("7", Path("/state/local.gitconfig"))
    assert without_inherited(outside, ours) == ["env", "--unset=GIT_DIR", "--unset=GIT_CONFIG_COUNT"]
    assert without_inherited({"PATH": "/bin"}, ours) == []


def test_git_never_prompts_for_a_password() -> None:
    ours = environment("7", Path("/c"))
    assert ours["GIT_TERMINAL_PROMPT"] == "0"
    assert ours["GIT_ASKPASS"] == ""
    assert "BatchMode=yes" in ours["GIT_SSH_COMMAND"]


def test_included_path_with_a_quote_stays_one_path() -> None:
    assert include([Path('/home/a "b"/.gitconfig')]) == '[include]\n\tpath = "/home/a \\"b\\"/.gitconfig"\n'


def test_settings_for_sending_are_those_of_the_rules(tmp_path: Path) -> None:
    file = tmp_path / "rules"
    file.write_text(RULES)
    for key, value in SENDING:
        done = subprocess.run(["git", "config", "--file", file, key], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == value
