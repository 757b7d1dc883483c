"""The environment and the configuration that git gets: neither the outside nor a repository changes them."""

from __future__ import annotations

import os.path
from collections.abc import Mapping, Sequence
from pathlib import Path

from hookserver.state.deploy_processes import TAG

# ssh_config(5): never ask anybody, give up on a dead connection, start no connection that outlives git.
_SSH = (
    "ssh -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=10 -o ServerAliveCountMax=3"
    " -o ControlMaster=no -o ControlPath=none"
)
# The last value wins, so these come after the user's own configuration, see `include`. The keys are in git-config(1):
# - hooksPath, fsmonitor, askPass and the protocol ext name programs that git would run;
# - followRedirects: a redirect may lead to another server, see `redirect.py`;
# - lowSpeed ends a transfer that stands still, autoDetach keeps gc within the time limit of the command;
# - pack and packedGit keep git within the memory that it may use, on machines with many cores, too;
# - allowAnySHA1InWant lets a checkout fetch any one commit from the mirror.
RULES = """\
[core]
	hooksPath = /dev/null
	fsmonitor = false
	logAllRefUpdates = false
	askPass =
	packedGitWindowSize = 32m
	packedGitLimit = 512m
[protocol "ext"]
	allow = never
[http]
	followRedirects = false
	lowSpeedLimit = 1
	lowSpeedTime = 60
[gc]
	autoDetach = false
[pack]
	threads = 2
	windowMemory = 256m
[submodule]
	recurse = false
[uploadpack]
	allowAnySHA1InWant = true
"""
"""Our git configuration, the last that git reads."""

SENDING = (
    ("uploadpack.allowAnySHA1InWant", "true"),
    ("core.packedGitWindowSize", "32m"),
    ("core.packedGitLimit", "512m"),
    ("pack.threads", "2"),
    ("pack.windowMemory", "256m"),
)
"""Those of `RULES` that the git needs which sends the objects of a local repository, and reads no file of ours."""


def environment(tag: str, config: Path) -> dict[str, str]:
    """The environment of every git process: our configuration, no way to ask a person; git(1)."""
    return {
        TAG: tag,
        "HOME": os.path.expanduser("~"),  # noqa: PTH111 - never raises, even for a user without an entry
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
        "GIT_SSH_COMMAND": _SSH,
        # git-lfs would download files, and may hang: https://github.com/git-lfs/git-lfs/blob/main/docs/man/git-lfs-smudge.adoc
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_OPTIONAL_LOCKS": "0",
    }


def in_environment(*settings: tuple[str, str]) -> dict[str, str]:
    """The variables that set these (key, value) for a git process: git-config(1), GIT_CONFIG_COUNT."""
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def include(files: Sequence[Path]) -> str:
    """Configuration text that includes these files where they exist; what follows it wins."""
    quoted = (str(file).replace("\\", "\\\\").replace('"', '\\"') for file in files)
    return "".join(f'[include]\n\tpath = "{path}"\n' for path in quoted)


def without_inherited(outside: Mapping[str, str], ours: Mapping[str, str]) -> list[str]:
    """The command prefix that removes every inherited ``GIT_*`` that ours does not overwrite: GitPython only adds."""
    unwanted = [name for name in outside if name.startswith("GIT_") and name not in ours]
    return ["env", *(f"--unset={name}" for name in unwanted)] if unwanted else []


def users_config(outside: Mapping[str, str]) -> list[Path]:
    """The configuration files of the user, as git finds them with this environment: git-config(1), FILES."""
    if named := outside.get("GIT_CONFIG_GLOBAL"):
        return [Path(named)]
    home = Path("~").expanduser()
    return [Path(outside.get("XDG_CONFIG_HOME") or home / ".config") / "git/config", home / ".gitconfig"]
