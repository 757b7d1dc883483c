"""What holds after every fault: the letters are those of the list of invariants.

Z no request failed, and no new visitor got the old version after the switch; O the old version served until then;
Q every push came to an end; N containers, images and folders match the database; S no secret is shown; L what runs is
the branch's tip, or what was asked for; C Nginx runs the wanted configuration.
"""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

from hookserver.addresses import all_endpoints
from hookserver.models import Status
from tests.shop.installation import CANARY, Installation
from tests.shop.visitors import Visitors
from tests.waiting import until

SETTLED_WITHIN = 30.0
"""Seconds after which nothing half done may be left."""


def assert_invariants(place: Installation, app: str, commit: str, visitors: Visitors | None = None) -> None:
    """Everything has ended, ``commit`` serves, nothing is left over; the visitors' ``with`` block is over."""
    until(lambda: not place.store.in_progress() and not _queued(place), 60, "Q: the end of every deploy")
    assert all(deploy.ended_at for deploy in place.store.deploys(limit=5000)), "Q"
    assert live_commit(place, app) == commit, "L"
    try:
        until(lambda: not _left_over(place), SETTLED_WITHIN)
    except AssertionError:
        raise AssertionError(f"N: {_left_over(place)}") from None
    assert shown_secrets(place) == [], "S"
    _assert_nginx(place, app)
    if visitors is not None:
        assert_no_loss(visitors)


def assert_no_loss(visitors: Visitors) -> None:
    """Z for requests that failed."""
    assert visitors.visits, "nobody came"
    assert visitors.failed == [], f"Z: {len(visitors.failed)} of {len(visitors.visits)} failed: {visitors.failed[:3]}"


def assert_switched_once(place: Installation, number: int, visitors: Visitors, before: str, after: str) -> None:
    """Z and O: ``before`` answered until deploy ``number`` switched, and ``after`` every new visitor from then on."""
    assert visitors.versions == {before, after}
    deploy = place.deploy(number)
    switching = next(step for step in deploy["steps"] if step["step"] == "switch")
    early = [
        visit for visit in visitors.visits if visit.version == after and visit.answered < _unix(switching, "started_at")
    ]
    late = [visit for visit in visitors.came_after(_unix(deploy, "live_at")) if visit.version != after]
    assert not early, f"O: {early[:3]}"
    assert not late, f"Z: {late[:3]}"


def live_commit(place: Installation, app: str) -> str:
    """The commit that serves, as the database says; the running replicas and Nginx must agree."""
    live = place.store.app(app).live
    release = place.store.release(live) if live is not None else None
    if release is None:
        assert place.live_slot(app) is None
        return ""
    assert place.nginx.answered(app).live is release.slot
    running = [one for one in place.containers(app=app) if one.labels["hookserver.slot"] == release.slot]
    assert {one.labels["hookserver.commit"] for one in running} == {release.commit}
    assert len(running) == release.replicas
    assert all(one.status == "running" for one in running)
    return release.commit


def shown_secrets(place: Installation) -> list[str]:
    """Where the canary can be read."""
    # By another process: closing a database's file here would drop the locks that this one's connections hold on it.
    looked = ["grep", "--recursive", "--files-with-matches", "--fixed-strings", "--devices=skip", CANARY]
    places = [place.folder / "up.log", *place.state.root.glob("*.db*")]
    places += [
        place.state.root / name for name in ("logs", "nginx", "mirrors", "live") if (place.state.root / name).exists()
    ]
    found = subprocess.run([*looked, *places], capture_output=True, text=True, check=False)
    shown = found.stdout.splitlines()
    shown += [f"/proc/{entry.name}/cmdline" for entry in Path("/proc").glob("[0-9]*") if _has_canary(entry / "cmdline")]
    for image in _images(place):
        if CANARY in str(image.attrs) or CANARY in str(image.history()):
            shown.append(f"image {image.tags}")
    return shown


def _queued(place: Installation) -> bool:
    locked = {app.name for app in place.store.apps() if app.lock}
    waiting = [deploy for deploy in place.store.deploys(limit=200) if deploy.status is Status.QUEUED]
    return any(deploy.app not in locked for deploy in waiting)


def _left_over(place: Installation) -> list[str]:
    return [*_containers_wrong(place), *_images_wrong(place), *_folders_wrong(place)]


def _containers_wrong(place: Installation) -> list[str]:
    """Containers of no release that serves or stands by; releases without theirs; builds that nobody waits for."""
    wrong = [one.name for one in place.containers("build")]
    for app in place.settings.apps.values():
        kept = {release.deploy: release for release in place.store.running_releases(app.name)}
        wanted = {
            (number, f"hs-{app.name}-{release.slot}-{replica}")
            for number, release in kept.items()
            for replica in range(1, release.replicas + 1)
        }
        found = {(int(one.labels["hookserver.deploy"]), one.name) for one in place.containers(app=app.name)}
        wrong += [f"{name} of deploy {number}" for number, name in wanted ^ found]
    return wrong


def _images_wrong(place: Installation) -> list[str]:
    """Images of what serves or stands by, and that are gone."""
    known = {str(image.id) for image in _images(place)}
    kept = [release for app in place.settings.apps for release in place.store.running_releases(app)]
    return [release.image for release in kept if release.image not in known]


def _folders_wrong(place: Installation) -> list[str]:
    return [str(folder) for folder in (place.state.root / "work").glob("*")]


def _images(place: Installation) -> list[Any]:
    found: list[Any] = place.docker.images.list(filters={"label": f"hookserver.state_dir={place.state.root}"})
    return found


def _assert_nginx(place: Installation, app: str) -> None:
    folder = place.state.nginx
    tested = subprocess.run(
        ["nginx", "-t", "-q", "-p", str(folder), "-c", str(folder / "nginx.conf")], capture_output=True, check=False
    )
    assert tested.returncode == 0, f"C: {tested.stderr.decode()}"
    endpoints = all_endpoints(place.settings, place.store.sync_apps(()), place.store.replicas())
    assert not place.nginx.apply(place.settings, endpoints), "C: Nginx did not run the wanted configuration"
    assert place.visit(app).status == 200


def _has_canary(file: Path) -> bool:
    try:
        return file.is_file() and CANARY.encode() in file.read_bytes()
    except OSError:
        return False


def _unix(deploy: dict[str, str], key: str) -> float:
    return datetime.fromisoformat(deploy[key]).timestamp()
