"""Finding the nginx program, and reading how it was built."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.errors import NginxError
from hookserver.nginx.binary import locate, read_build


def program(path: Path, says: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{says}\nEND\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("inner", ["nginx", "sbin/nginx", "sbin"])
def test_folder_means_the_program_in_it(tmp_path: Path, inner: str) -> None:
    program(tmp_path / inner)
    assert locate(str(tmp_path)) == str(tmp_path / inner)


def test_folder_without_a_binary_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NginxError, match="sbin/nginx"):
        locate(str(tmp_path))


def test_build_is_read_from_nginx_v(tmp_path: Path) -> None:
    says = "nginx version: nginx/1.22.1\nbuilt with x\nconfigure arguments: --with-cc-opt='-g -O2' --prefix=/opt/x "
    says += "--pid-path=/run/n.pid --without-http_fastcgi_module --with-http_realip_module"
    build = read_build(str(program(tmp_path / "nginx", says)))
    assert build.version == (1, 22, 1)
    assert build.lacking == {"http_fastcgi_module"}
    assert (build.pid_file, build.error_log) == (Path("/run/n.pid"), Path("/opt/x/logs/error.log"))


def test_another_program_is_no_nginx(tmp_path: Path) -> None:
    with pytest.raises(NginxError, match="is not an Nginx program"):
        read_build(str(program(tmp_path / "nginx", "hello")))
