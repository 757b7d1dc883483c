from __future__ import annotations

from pathlib import Path

from hookserver.state.state_dir import StateDir

STATE = StateDir(Path("/srv/state"))


def test_every_path_is_below_the_root() -> None:
    of_an_app = (STATE.live, STATE.sessions, STATE.mirror, STATE.push_repository, STATE.push_token)
    paths = [path(app) for path in of_an_app for app in ("shop", "blog")] + [STATE.log(7), STATE.work(7), STATE.log(8)]
    paths += [STATE.database, STATE.worker_lock, STATE.wakeup_socket, STATE.nginx, STATE.cache, STATE.request_journal]
    paths += [STATE.web_socket, STATE.push_socket, STATE.images, STATE.request_journals]
    assert all(path.is_relative_to(STATE.root) for path in paths)
    assert len(set(paths)) == len(paths)


def test_private_folders_have_the_sources_and_the_mirrors() -> None:
    for path in (STATE.work(7), STATE.mirror("shop")):
        assert path.parent in STATE.private


def test_folders_of_nginx_and_of_pushers_are_not_private() -> None:
    for path in (
        STATE.live("shop"),
        STATE.nginx,
        STATE.request_journals / "shop",
        STATE.sessions("shop"),
        STATE.push_repository("shop"),
    ):
        assert path.parent not in STATE.private
        assert path not in STATE.private


def test_tags_of_two_installations_differ() -> None:
    assert STATE.tag(7) == "/srv/state:7"
    assert StateDir(Path("/srv/other")).tag(7) != STATE.tag(7)


def test_an_app_with_a_traffic_flag_was_live(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    assert not state.has_live_apps()
    state.live("shop").mkdir(parents=True)
    assert not state.has_live_apps()
    (state.live("shop") / "blue").touch()
    assert state.has_live_apps()
