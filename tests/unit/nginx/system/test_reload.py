"""A reload that does nothing is noticed. The whole, with a real Nginx, is in tests/integration/nginx/system."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.errors import NginxError
from hookserver.nginx.binary import NginxBuild
from hookserver.nginx.system.dump import read_dump
from hookserver.nginx.system.foreign import servers
from hookserver.nginx.system.operators import Operators
from hookserver.nginx.system.reload import reload


@pytest.fixture
def operators(tmp_path: Path) -> Operators:
    """An Nginx that is down."""
    text = f"error_log {tmp_path}/error.log;\npid {tmp_path}/nginx.pid;\n"
    dump = read_dump(f"# configuration file /etc/nginx/nginx.conf:\n{text}\n")
    return Operators(dump, servers(dump, set()), NginxBuild((1, 26), {}))


def test_command_that_fails_is_shown_with_its_output(operators: Operators) -> None:
    with pytest.raises(NginxError, match=r"`sh -c 'echo denied; exit 3'` failed:\ndenied") as caught:
        reload(["sh", "-c", "echo denied; exit 3"], operators, lambda: True, 1)
    assert "nginx.reload" in caught.value.remedy


def test_command_without_effect_is_shown_with_the_new_lines_of_the_error_log(operators: Operators) -> None:
    operators.error_log.write_text("[emerg] long ago\n")
    with pytest.raises(NginxError, match="does not run the new configuration") as caught:
        reload(["sh", "-c", f"echo '[emerg] bind() failed' >>{operators.error_log}"], operators, lambda: False, 0.1)
    assert "bind() failed" in caught.value.problem
    assert "long ago" not in caught.value.problem


def test_reload_ends_as_soon_as_nginx_runs_the_new_configuration(operators: Operators) -> None:
    answers = iter([False, False, True])
    reload(["true"], operators, lambda: next(answers), 5)
    assert list(answers) == []
