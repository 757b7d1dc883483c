"""``hookserver nginx show APP``."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from hookserver.cli import cli
from hookserver.errors import NotFound, Refused

BUILT = "nginx version: nginx/1.22.1\nconfigure arguments: --with-http_ssl_module"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    program = tmp_path / "nginx"
    program.write_text(f"#!/bin/sh\necho '{BUILT}' >&2\n")
    program.chmod(0o755)
    file = tmp_path / "hookserver.toml"
    file.write_text(
        f'[server]\nstate_dir = "/srv/hs"\n[nginx]\nmode = "system"\nbinary = "{program}"\n'
        '[apps.shop]\nrepository = "push"\ndomains = ["shop.example.com"]\npath = "/shop"\n'
    )
    return file


def test_show_prints_the_locations_and_the_line_that_includes_them(settings: Path) -> None:
    shown = CliRunner().invoke(cli, ["-c", str(settings), "nginx", "show", "shop"], catch_exceptions=False)
    assert 'location ^~ "/shop/" {' in shown.output
    assert "if (-f " in shown.output
    assert "include /srv/hs/nginx/snippets/shop.conf;" in shown.output


def test_unknown_app_is_an_error(settings: Path) -> None:
    with pytest.raises(NotFound, match="there is no app 'shoop'\nDid you mean 'shop'"):
        CliRunner().invoke(cli, ["-c", str(settings), "nginx", "show", "shoop"], catch_exceptions=False)


def test_our_own_nginx_needs_none(settings: Path) -> None:
    settings.write_text(settings.read_text().replace('"system"', '"managed"'))
    with pytest.raises(Refused, match='mode = "system"'):
        CliRunner().invoke(cli, ["-c", str(settings), "nginx", "show", "shop"], catch_exceptions=False)
