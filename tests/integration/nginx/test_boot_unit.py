"""The unit that starts Nginx after a reboot; its commands are run as systemd would run them."""

from __future__ import annotations

import configparser
import os
import shlex
import signal
import subprocess
from pathlib import Path

from hookserver.models import Slot, TrafficState
from tests.integration.nginx.conftest import NginxSite
from tests.integration.nginx.managed.test_instance import is_gone, master, start, workers
from tests.waiting import until

UNIT = Path(__file__).parents[3] / "deploy" / "systemd" / "hookserver-nginx.service"
_SEARCHED = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def start_unit(site: NginxSite) -> bool:
    """`systemctl start hookserver-nginx`; returns whether its program was started, or the unit skipped."""
    unit = configparser.ConfigParser(delimiters="=", interpolation=None)
    unit.read_string(UNIT.read_text().replace("/var/lib/hookserver", str(site.state_dir)))
    if not Path(unit["Unit"]["ConditionPathExists"]).exists():
        return False
    if run(unit["Service"]["ExecCondition"]).returncode != 0:
        return False
    done = run(unit["Service"]["ExecStart"])
    assert done.returncode == 0, done.stderr
    assert not is_gone(int(Path(unit["Service"]["PIDFile"]).read_text()))
    return True


def run(command: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": _SEARCHED}
    return subprocess.run(shlex.split(command), env=environ, capture_output=True, text=True, check=False, cwd="/")


def crash(site: NginxSite) -> None:
    """As a power cut does: nothing is cleaned up."""
    killed = [master(site), *workers(master(site))]
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    until(lambda: all(is_gone(pid) for pid in killed))


def test_unit_starts_nginx_after_a_crash_and_hookserver_uses_it(site: NginxSite) -> None:
    start(site)
    crash(site)
    (site.folder / "nginx.pid").write_text(str(os.getpid()))
    assert start_unit(site)
    assert site.ask().status == 200
    pid = master(site)
    assert not site.apply()
    assert master(site) == pid
    site.nginx.set("shop", TrafficState(Slot.GREEN))
    assert site.nginx.answered("shop").live is Slot.GREEN


def test_while_hookservers_own_runs_it_does_nothing(site: NginxSite) -> None:
    start(site)
    pid = master(site)
    assert not start_unit(site)
    assert master(site) == pid
    assert not site.apply()
    site.nginx.set("shop", TrafficState(Slot.GREEN))
    assert site.nginx.answered("shop").live is Slot.GREEN


def test_before_hookserver_has_ever_run_it_does_nothing(site: NginxSite) -> None:
    assert not start_unit(site)
