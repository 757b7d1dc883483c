"""The files that the web process must read."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from hookserver.config import load, unreadable_by

APP = '[apps.shop]\nrepository = "push"\ndomains = ["shop.example.com"]\n'


@pytest.fixture
def stranger() -> pwd.struct_passwd:
    """A user who owns nothing here."""
    return pwd.struct_passwd(("web", "x", os.geteuid() + 1, os.getegid() + 1, "", "/", "/usr/sbin/nologin"))


def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, settings_mode: int, secret_mode: int) -> Path:
    monkeypatch.setattr(Path, "parents", property(lambda path: [tmp_path] if path.parent == tmp_path else []))
    tmp_path.chmod(0o755)
    secret, file = tmp_path / "shop.secret", tmp_path / "hookserver.toml"
    secret.write_text("a secret of the shop")
    secret.chmod(secret_mode)
    file.write_text(f'{APP}webhook_secret_file = "shop.secret"\n')
    file.chmod(settings_mode)
    return file


def test_files_that_it_can_read_are_not_named(
    stranger: pwd.struct_passwd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = settings(tmp_path, monkeypatch, settings_mode=0o644, secret_mode=0o644)
    assert list(unreadable_by(stranger, load(file))) == []


def test_settings_and_secrets_that_it_cannot_read_are_named_with_the_command(
    stranger: pwd.struct_passwd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = settings(tmp_path, monkeypatch, settings_mode=0o600, secret_mode=0o600)
    lines = list(unreadable_by(stranger, load(file)))
    assert [line.partition(": ")[0] for line in lines] == [str(file), str(tmp_path / "shop.secret")]
    assert all("chgrp web" in line and "chmod 640" in line for line in lines)


def test_folder_that_it_cannot_enter_is_named(
    stranger: pwd.struct_passwd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = settings(tmp_path, monkeypatch, settings_mode=0o644, secret_mode=0o644)
    tmp_path.chmod(0o700)
    assert all(f"may not enter {tmp_path}" in line for line in unreadable_by(stranger, load(file)))
