"""Files that settings name are looked for before a deploy needs them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hookserver.config import missing_error_pages, parse, unreadable_files
from hookserver.config.files import FAILURES

SETTINGS = """
[apps.shop]
repository = "push"
domains = ["shop.example.com"]
build.ca_bundle = "{here}/there.pem"
build.env_files = {{ REPO_PASSWORD = "{here}/password" }}
tomcat.env_file = "{here}"
tomcat.files = {{ "lib/driver.jar" = "{here}/driver.jar", "conf/server.xml" = "in/the/repository.xml" }}
"""


def test_each_that_is_not_there_is_reported_with_its_key(tmp_path: Path) -> None:
    (tmp_path / "there.pem").touch()
    app = parse(SETTINGS.format(here=tmp_path), tmp_path / "hookserver.toml").settings.apps["shop"]
    assert list(unreadable_files(app)) == [
        f"apps.shop.build.env_files.REPO_PASSWORD: there is no file {tmp_path}/password",
        f'apps.shop.tomcat.files."lib/driver.jar": there is no file {tmp_path}/driver.jar',
        f"apps.shop.tomcat.env_file: there is no file {tmp_path}",
    ]


@pytest.fixture
def pages() -> Iterator[Path]:
    """A folder that every user can enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_an_error_page_that_visitors_would_not_get_is_reported(pages: Path) -> None:
    settings = parse(f'[nginx]\nerror_pages = "{pages}"', pages / "hookserver.toml").settings
    (pages / "502.html").touch(mode=0o644)
    (pages / "503.html").touch(mode=0o600)
    assert list(missing_error_pages(settings.nginx)) == [
        f"nginx.error_pages: Nginx may not read {pages}/503.html: chmod o+r {pages}/503.html",
        f"nginx.error_pages: there is no file {pages}/504.html",
    ]


def test_a_folder_of_error_pages_that_nginx_cannot_enter_is_reported(pages: Path) -> None:
    inner = pages / "closed" / "pages"
    inner.mkdir(parents=True)
    inner.parent.chmod(0o750)
    for status in FAILURES:
        (inner / f"{status}.html").touch(mode=0o644)
    settings = parse(f'[nginx]\nerror_pages = "{inner}"', pages / "hookserver.toml").settings
    assert list(missing_error_pages(settings.nginx)) == [
        f"nginx.error_pages: Nginx may not enter {inner.parent}: chmod o+x {inner.parent}"
    ]


def test_hookservers_own_error_pages_need_no_folder(tmp_path: Path) -> None:
    assert list(missing_error_pages(parse("", tmp_path / "hookserver.toml").settings.nginx)) == []
