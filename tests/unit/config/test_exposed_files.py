"""Files with secrets that others can read or change are reported, with the command that ends it."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

import pytest

from hookserver.config import exposed_files, load
from hookserver.config.exposed_files import who_else

SETTINGS = """
[server]
user = "no-such-user"
[apps.shop]
repository = "push"
domains = ["shop.example.com"]
webhook_secret_file = "hook secret"
build.ca_bundle = "ca.pem"
build.env_files = { REPO_PASSWORD = "password" }
tomcat.env = { LEVEL = "info", DB_PASSWORD = "hidden" }
tomcat.env_file = "env"
"""
FILES = ("hookserver.toml", "hook secret", "password", "env", "ca.pem")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).write_text(SETTINGS if name == "hookserver.toml" else "0123456789abcdef")
        (tmp_path / name).chmod(0o600)
        os.chown(tmp_path / name, -1, os.getgid())
    return tmp_path


def lines(folder: Path) -> list[str]:
    return list(exposed_files(load(folder / "hookserver.toml")))


def test_files_of_their_owner_alone_are_not_reported(folder: Path) -> None:
    (folder / "ca.pem").chmod(0o666)
    assert lines(folder) == []


def test_each_file_with_secrets_is_reported_with_its_key_and_a_command_that_ends_it(folder: Path) -> None:
    for name in FILES:
        (folder / name).chmod(0o644)
    reported = lines(folder)
    assert [line.partition(": ")[0] for line in reported] == [
        "settings",
        "apps.shop.webhook_secret_file",
        "apps.shop.build.env_files.REPO_PASSWORD",
        "apps.shop.tomcat.env_file",
    ]
    assert reported[1] == (
        f"apps.shop.webhook_secret_file: every user of this machine can read {folder}/hook secret: "
        f"chmod 600 '{folder}/hook secret'"
    )
    for line in reported:
        subprocess.run(["sh", "-c", line.rpartition(": ")[2]], check=True)
    assert lines(folder) == []


def test_file_that_others_may_change_is_reported_so(folder: Path) -> None:
    (folder / "env").chmod(0o602)
    (line,) = lines(folder)
    assert f"every user of this machine can change {folder}/env" in line


def test_file_that_is_not_there_is_left_to_its_reader(folder: Path) -> None:
    (folder / "env").unlink()
    (folder / "password").unlink()
    assert lines(folder) == []


def test_web_process_may_read_the_settings_and_the_secrets_of_webhooks(folder: Path) -> None:
    daemon = pwd.getpwnam("daemon")
    settings = folder / "hookserver.toml"
    settings.write_text(SETTINGS.replace("no-such-user", "daemon"))
    for name in FILES:
        os.chown(folder / name, -1, daemon.pw_gid)
        (folder / name).chmod(0o640)
    assert [line.partition(": ")[0] for line in lines(folder)] == [
        "apps.shop.build.env_files.REPO_PASSWORD",
        "apps.shop.tomcat.env_file",
    ]
    settings.chmod(0o664)
    assert lines(folder)[0] == (
        f"settings: every user of this machine can change {settings}: chgrp daemon {settings}; chmod 640 {settings}"
    )


@pytest.mark.parametrize(
    ("mode", "group", "answer"),
    [
        (0o640, 0, ""),
        (0o660, 0, ""),
        (0o640, 7, ""),
        (0o660, 7, "its group can change"),
        (0o640, 8, "its group can read"),
        (0o600, 8, ""),
        (0o604, 0, "every user of this machine can read"),
        (0o666, 8, "every user of this machine can change"),
        (0o611, 8, ""),
    ],
)
def test_groups_of_root_and_of_the_web_process_may_read(mode: int, group: int, answer: str) -> None:
    who, what = who_else(mode, group, {0, 7})
    assert (f"{who} can {what}" if who else "") == answer
