from __future__ import annotations

import os
import signal
import socket
import time

from hookserver.nginx.managed import processes
from tests.faults.conftest import Shop
from tests.shop.invariants import assert_no_loss
from tests.waiting import until


def master(shop: Shop) -> int | None:
    return processes.find(shop.site.state.nginx).master


def test_killed_nginx_master_is_restarted(shop: Shop) -> None:
    killed = master(shop)
    assert killed
    os.kill(killed, signal.SIGKILL)
    began = time.monotonic()
    until(lambda: master(shop) not in (None, killed), 15)
    print(f"back after {time.monotonic() - began:.1f} s")
    until(lambda: not processes.find(shop.site.state.nginx).leftovers, 20)
    assert shop.site.visit(shop.app).status == 200
    assert "nginx: started" in (shop.site.folder / "up.log").read_text()
    shop.is_well()


def test_start_of_hookserver_starts_nginx(shop: Shop) -> None:
    shop.site.stop()
    shop.site.nginx.stop()
    assert master(shop) is None
    shop.site.start()
    assert shop.site.visit(shop.app).status == 200
    shop.is_well()


def test_nginx_keeps_the_old_configuration_when_the_new_one_is_not_valid(shop: Shop) -> None:
    """Another program has the port, so Nginx cannot use it."""
    site = shop.site
    running = site.state.nginx / "nginx.conf"
    good, text = site.config.read_text(), running.read_text()
    site.stop()
    with site.visitors(shop.app) as visitors, socket.create_server(("127.0.0.1", 0)) as stranger:
        taken = f"127.0.0.1:{stranger.getsockname()[1]}"
        site.config.write_text(good.replace("[nginx]\nlisten = [", f'[nginx]\nlisten = ["{taken}", '))
        log = site.folder / "up.log"
        size_before = log.stat().st_size
        site.start()
        until(lambda: taken in log.read_text()[size_before:], 30)
        site.stop()
        assert running.read_text() == text
        site.config.write_text(good)
        site.start()
    assert_no_loss(visitors)
    shop.is_well()
