"""Whatever the settings take, Nginx takes."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from hookserver.config import Settings
from hookserver.nginx.binary import locate
from hookserver.nginx.render import render
from tests.unit.nginx.strategies import all_settings, numbers


@given(all_settings())
@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nginx_takes_every_text_without_a_warning(tmp_path: Path, settings: Settings) -> None:
    for folder in ("logs", "temp"):
        (tmp_path / folder).mkdir(exist_ok=True)
    text = render(settings, numbers(settings))
    status = f'"unix:{tmp_path}/s"'
    conf = tmp_path / "nginx.conf"
    lines = [f"        listen {status};" if 'listen "unix:' in line else line for line in text.splitlines()]
    conf.write_text("\n".join(lines))
    done = subprocess.run(
        [locate("nginx"), "-t", "-q", "-p", f"{tmp_path}/", "-c", str(conf)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
