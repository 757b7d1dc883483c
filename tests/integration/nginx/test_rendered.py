"""Nginx accepts the configuration for all settings that the schema accepts."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from hookserver.addresses import all_endpoints
from hookserver.config import Settings
from hookserver.nginx.binary import locate
from hookserver.nginx.system.dump import read_dump
from hookserver.nginx.system.foreign import servers
from hookserver.nginx.system.text import Surroundings, render_system
from hookserver.nginx.text.managed import render
from tests.unit.nginx.strategies import all_settings, numbers


@given(all_settings())
@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nginx_takes_every_text_without_a_warning(tmp_path: Path, settings: Settings) -> None:
    for folder in ("logs", "temp"):
        (tmp_path / folder).mkdir(exist_ok=True)
    conf = tmp_path / "nginx.conf"
    text = render(settings, all_endpoints(settings, numbers(settings)), "hookserver-0123")
    conf.write_text(_with_logs_here(settings, text.conf, tmp_path))
    (tmp_path / text.proxy_file).write_text(_with_logs_here(settings, text.proxy, tmp_path))
    done = subprocess.run(
        [locate("nginx"), "-t", "-q", "-p", f"{tmp_path}/", "-c", str(conf)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@given(all_settings())
@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nginx_takes_every_text_beside_an_operators(tmp_path: Path, settings: Settings) -> None:
    around = Surroundings(servers(read_dump(""), set()), frozenset(), "hookserver-0123")
    (tmp_path / "logs").mkdir(exist_ok=True)
    files = []
    for path, text in render_system(settings, all_endpoints(settings, numbers(settings)), around).items():
        here = tmp_path / f"{path.parent.name}-{path.name}"
        snippets = str(settings.server.state.nginx / "snippets").replace("\\", "\\\\").replace('"', '\\"')
        here.write_text(_with_logs_here(settings, text.replace(f"{snippets}/", f"{tmp_path}/snippets-"), tmp_path))
        files += [] if path.parent.name == "snippets" else [f"include {here};"]
    tables = "variables_hash_bucket_size 128; server_names_hash_bucket_size 512;"
    conf = tmp_path / "nginx.conf"
    conf.write_text(f"pid {tmp_path}/pid; events {{}} http {{ {tables} access_log off; {' '.join(files)} }}")
    command = [locate("nginx"), "-t", "-q", "-g", f"error_log {tmp_path}/error.log;", "-c", str(conf)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _with_logs_here(settings: Settings, text: str, folder: Path) -> str:
    """``nginx -t`` opens the logs."""
    logs = str(settings.server.state.nginx / "logs").replace("\\", "\\\\").replace('"', '\\"')
    return text.replace(f"{logs}/", f"{folder}/logs/")
