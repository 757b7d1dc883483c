"""The shop for every Tomcat line, and the settings for every way of Nginx."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import nginx_modes
from tests.bench.line_shop import LINES, Line
from tests.shop.operators_nginx import Operator


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.tomcat)
def test_it_is_written_for_the_lines_servlet_api_and_says_its_version(line: Line, tmp_path: Path) -> None:
    line.source.make(tmp_path)
    line.source.say(tmp_path, "1.2.3")
    text = "".join(file.read_text() for file in tmp_path.rglob("*") if file.is_file())
    other = {"javax": "jakarta", "jakarta": "javax"}[line.api]
    assert f"import {line.api}.servlet.http.HttpServlet;" in text
    assert f"{other}.servlet" not in text
    assert 'IS = "1.2.3"' in text


def test_an_operators_nginx_is_named_with_its_folder_and_our_own_is_not() -> None:
    operator = Operator("/opt/nginx/sbin", Path("/opt/nginx/config/nginx.conf"), Path("/opt/nginx/config/nginx.pid"))
    assert 'conf_dir = "/opt/nginx/config/conf.d"' in nginx_modes.lines(operator, "127.0.0.1:80")
    assert nginx_modes.lines(None, "127.0.0.1:80") == 'listen = ["127.0.0.1:80"]'
