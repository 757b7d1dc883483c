"""The managed instance: start, reload, revert, stop, and the leftovers of a killed one."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from hookserver.addresses import Endpoints
from hookserver.config import Settings
from hookserver.errors import NginxError
from hookserver.models import Slot, TrafficState
from hookserver.nginx import Nginx
from hookserver.nginx.text.managed import ManagedText
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.integration.nginx.conftest import NginxSite
from tests.waiting import until

OTHER = '\n[apps.blog]\nrepository = "push"\ndomains = ["blog.example.com"]\n'


def start(site: NginxSite) -> None:
    site.serve(Slot.BLUE)
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))


def master(site: NginxSite) -> int:
    return int((site.folder / "nginx.pid").read_text())


def workers(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children]


def is_gone(pid: int) -> bool:
    """Ended; its parent may not have asked for its exit code yet."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() == b""
    except OSError:
        return True


def test_apply_starts_it_and_then_changes_nothing_until_the_settings_do(site: NginxSite) -> None:
    assert not site.nginx.is_running()
    assert site.apply()
    assert site.nginx.is_running()
    pid = master(site)
    working = workers(pid)
    assert not site.apply()
    assert workers(pid) == working
    site.apps += OTHER
    assert site.apply()
    assert master(site) == pid
    assert site.ask(host="blog.example.com").status == 503


def test_after_a_reload_no_request_meets_the_old_configuration(site: NginxSite) -> None:
    start(site)
    apps = site.apps
    for _ in range(5):
        site.apps = apps + OTHER
        assert site.apply()
        assert {site.ask(host="blog.example.com").status for _ in range(10)} == {503}
        site.apps = apps
        assert site.apply()
        assert {site.ask(host="blog.example.com").status for _ in range(10)} == {404}


def test_several_processes_may_apply_at_once(site: NginxSite) -> None:
    fork = multiprocessing.get_context("fork")
    with fork.Pool(4) as pool:
        changed = pool.map(_apply, [(site.settings, site.all_endpoints)] * 4)
    assert sorted(changed) == [False, False, False, True]
    assert site.ask().status == 503


def _apply(given: tuple[Settings, Endpoints]) -> bool:
    return Nginx(given[0]).apply(*given)


def test_instance_lives_in_a_session_of_its_own_without_our_environment_and_outputs(
    site: NginxSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY_SECRET", "s3cret-canary")
    start(site)
    pid = master(site)
    assert os.getsid(pid) != os.getsid(0)
    assert b"s3cret-canary" not in Path(f"/proc/{pid}/environ").read_bytes()
    for descriptor in (0, 1, 2):
        opened = Path(f"/proc/{pid}/fd/{descriptor}").readlink()
        assert opened == Path("/dev/null") or opened.is_relative_to(site.folder.resolve())


def test_only_the_live_folder_can_be_read_by_others(site: NginxSite) -> None:
    Store(StateDir(site.state_dir)).close()
    start(site)
    open_to_all = [folder for folder in site.state_dir.rglob("*") if folder.is_dir() and folder.stat().st_mode & 0o004]
    assert sorted(open_to_all) == [site.state_dir / "live", site.state_dir / "live/shop"]
    assert (site.folder / "logs").stat().st_mode & 0o007 == 0
    assert (site.folder / "status-name").stat().st_mode & 0o077 == 0


def test_refused_configuration_is_reverted_while_the_old_one_stays_active(
    site: NginxSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(site)
    before = (site.folder / "nginx.conf").read_text()
    broken = ManagedText(before + "no_such_directive on;\n", "proxy-0.conf", "")
    monkeypatch.setattr("hookserver.nginx.managed.managed.render", lambda *_: broken)
    with pytest.raises(NginxError, match='unknown directive "no_such_directive"'):
        site.apply()
    assert (site.folder / "nginx.conf").read_text() == before
    assert site.ask().status == 200


def test_a_refused_text_does_not_keep_a_stopped_instance_down(site: NginxSite, monkeypatch: pytest.MonkeyPatch) -> None:
    start(site)
    before = (site.folder / "nginx.conf").read_text()
    os.kill(master(site), signal.SIGTERM)
    until(lambda: not site.nginx.is_running())
    broken = ManagedText(before + "no_such_directive on;\n", "proxy-0.conf", "")
    monkeypatch.setattr("hookserver.nginx.managed.managed.render", lambda *_: broken)
    with pytest.raises(NginxError, match="no_such_directive"):
        site.apply()
    assert site.ask().status == 200


def test_reload_that_nginx_does_not_apply_is_noticed_and_reverted(site: NginxSite) -> None:
    start(site)
    before = (site.folder / "nginx.conf").read_text()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        site.ports.append(port)
        with pytest.raises(NginxError, match=f"bind\\(\\) to 127.0.0.1:{port} failed"):
            site.apply()
    site.ports.remove(port)
    assert (site.folder / "nginx.conf").read_text() == before
    assert site.ask().status == 200
    assert not site.apply()


def test_address_of_another_program_is_an_error(site: NginxSite) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", site.ports[0]))
        taken.listen()
        with pytest.raises(NginxError, match="Another program has this address"):
            site.apply()
    assert site.apply()


def test_a_stopped_master_is_noticed_and_the_next_apply_mends_it(site: NginxSite) -> None:
    start(site)
    pid = master(site)
    working = workers(pid)
    site.apps += OTHER
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(NginxError, match="does not run it"):
            site.apply()
        assert site.ask().status == 200
    finally:
        os.kill(pid, signal.SIGCONT)
    until(lambda: not set(working) & set(workers(pid)))
    assert site.apply()
    assert site.ask(host="blog.example.com").status == 503


def test_workers_of_a_killed_master_are_quit_and_a_new_instance_takes_over(site: NginxSite) -> None:
    start(site)
    killed = master(site)
    orphans = workers(killed)
    with socket.create_connection(("127.0.0.1", site.ports[0]), timeout=10) as visitor:
        visitor.sendall(b"GET /wait HTTP/1.1\r\nHost: shop.example.com\r\n\r\n")
        until(lambda: site.nginx.requests_in_flight(site.endpoints(Slot.BLUE)) == 1)
        os.kill(killed, signal.SIGKILL)
        until(lambda: not site.nginx.is_running())
        assert site.ask().status == 200, "the orphans still serve"
        assert site.apply()
        assert master(site) != killed
        assert site.ask().status == 200
        for backend in site.backends.values():
            backend.go_on.set()
        assert visitor.recv(100).startswith(b"HTTP/1.1 200"), "a request of an orphan is ended, not cut"
    until(lambda: all(is_gone(orphan) for orphan in orphans))


def test_instance_that_quits_is_replaced_while_it_ends_its_last_request(site: NginxSite) -> None:
    start(site)
    leaving = master(site)
    with socket.create_connection(("127.0.0.1", site.ports[0]), timeout=10) as visitor:
        visitor.sendall(b"GET /wait HTTP/1.1\r\nHost: shop.example.com\r\n\r\n")
        until(lambda: site.nginx.requests_in_flight(site.endpoints(Slot.BLUE)) == 1)
        os.kill(leaving, signal.SIGQUIT)
        until(lambda: not site.nginx.is_running())
        assert site.apply()
        assert site.ask().status == 200
        for backend in site.backends.values():
            backend.go_on.set()
        assert visitor.recv(100).startswith(b"HTTP/1.1 200")
    until(lambda: is_gone(leaving))
    assert site.nginx.is_running()
    assert not site.apply()


def test_stale_pid_file_with_the_number_of_another_process_does_no_harm(site: NginxSite) -> None:
    start(site)
    os.kill(master(site), signal.SIGTERM)
    until(lambda: not site.nginx.is_running())
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (site.folder / "nginx.pid").write_text(str(stranger.pid))
        assert not site.nginx.is_running()
        assert site.apply()
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("content", ["", "nonsense", "999999999"])
def test_a_broken_pid_file_does_not_hide_a_running_instance(site: NginxSite, content: str) -> None:
    start(site)
    (site.folder / "nginx.pid").write_text(content)
    assert site.nginx.is_running()
    assert not site.apply()


def test_lost_status_name_is_fixed_by_one_reload(site: NginxSite) -> None:
    start(site)
    pid = master(site)
    (site.folder / "status-name").unlink()
    assert site.apply()
    assert master(site) == pid
    assert not site.apply()
    site.nginx.set("shop", TrafficState(Slot.GREEN))
    assert site.nginx.answered("shop").live is Slot.GREEN


def test_flags_that_nginx_cannot_read_are_an_error_at_start(site: NginxSite) -> None:
    site.state_dir.parent.chmod(0o700)
    with pytest.raises(NginxError, match=f"chmod o\\+x {site.state_dir.parent}"):
        site.apply()


def test_missing_program_is_an_error(site: NginxSite) -> None:
    site.nginx_keys = 'binary = "/nowhere/nginx"'
    with pytest.raises(NginxError, match="apt-get install nginx"):
        site.apply()


def test_the_program_may_be_named_by_its_folder(site: NginxSite) -> None:
    site.nginx_keys = 'binary = "/usr/sbin"'
    assert site.apply()


def test_stop_ends_it_and_frees_the_address(site: NginxSite) -> None:
    start(site)
    pid = master(site)
    site.nginx.stop()
    assert not site.nginx.is_running()
    assert is_gone(pid)
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", site.ports[0]))


def test_stop_ends_even_a_master_that_does_not_listen(site: NginxSite) -> None:
    start(site)
    pid = master(site)
    working = workers(pid)
    os.kill(pid, signal.SIGSTOP)
    Nginx(site.settings, patience=0.3).stop()
    until(lambda: all(is_gone(one) for one in (pid, *working)))


def test_changed_include_is_written_again_and_an_old_one_is_removed(site: NginxSite) -> None:
    start(site)
    (included,) = site.folder.glob("proxy-*.conf")
    text = included.read_text()
    included.write_text("")
    assert site.apply()
    assert included.read_text() == text
    site.nginx_keys = "gzip = false"
    assert site.apply()
    (other,) = site.folder.glob("proxy-*.conf")
    assert other != included
