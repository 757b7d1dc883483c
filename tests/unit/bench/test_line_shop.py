"""The sample shop for each Tomcat line, and the settings for each Nginx mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import nginx_modes
from tests.bench.line_shop import LINES, Line
from tests.shop.operators_nginx import Operator


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.tomcat)
def test_shop_uses_the_lines_servlet_api_and_shows_its_version(line: Line, tmp_path: Path) -> None:
    line.source.make(tmp_path)
    line.source.say(tmp_path, "1.2.3")
    text = "".join(file.read_text() for file in tmp_path.rglob("*") if file.is_file())
    other = {"javax": "jakarta", "jakarta": "javax"}[line.api]
    assert f"import {line.api}.servlet.http.HttpServlet;" in text
    assert f"{other}.servlet" not in text
    assert 'IS = "1.2.3"' in text


def test_settings_name_the_folder_of_an_operators_nginx_only() -> None:
    folder = Path("/opt/nginx")
    operator = Operator("/opt/nginx/sbin", folder / "nginx.conf", folder / "nginx.pid", folder / "error.log")
    assert 'conf_dir = "/opt/nginx/conf.d"' in nginx_modes.lines(operator, "127.0.0.1:80")
    assert nginx_modes.lines(None, "127.0.0.1:80") == 'listen = ["127.0.0.1:80"]'
