"""Makes the API's JSON documents from rows of the store. Times are ISO 8601 in UTC; ``null`` if not set."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hookserver.config import AppSettings
from hookserver.models import Deploy, Lock, Release, Status, StepRun
from hookserver.store import Store, Token


def app(store: Store, settings: AppSettings) -> dict[str, Any]:
    """One app: its main settings, its live and standby release, its lock and its queue. Raises NotFound."""
    row = store.app(settings.name)
    deploys = store.queued_or_running(settings.name)
    releases = store.running_releases(settings.name)
    live = next((release for release in releases if release.deploy == row.live), None)
    standby = next((r for r in releases if r is not live and r.retire_at is not None), None)
    return {
        "app": settings.name,
        "branch": settings.branch,
        "domains": list(settings.domains),
        "path": settings.path,
        "image": settings.image,
        "replicas": settings.replicas,
        "live": {**_release(live), "since": _time(live.live_at)} if live else None,
        "standby": _standby(standby) if standby else None,
        "lock": lock(row.lock),
        "queue": {
            "running": next((d.number for d in deploys if d.status is Status.RUNNING), None),
            "waiting": next((d.number for d in deploys if d.status is Status.QUEUED), None),
        },
    }


def deploy(of: Deploy) -> dict[str, Any]:
    """One deploy."""
    return {
        "deploy": of.number,
        "app": of.app,
        "status": of.status,
        "trigger": of.trigger,
        "requested_commit": of.requested_commit or None,
        "commit": of.commit or of.requested_commit or None,
        "by": of.by or None,
        "rebuild": of.rebuild,
        "rollback_to": of.rollback_to,
        "step": of.step,
        "reason": of.reason or None,
        "superseded_by": of.superseded_by,
        "attempt": of.attempt,
        "cancel_requested": of.cancel_requested,
        "visitors_lost": of.visitors_lost,
        "queued_at": _time(of.queued_at),
        "started_at": _time(of.started_at),
        "live_at": _time(of.live_at),
        "ended_at": _time(of.ended_at),
    }


def step(run: StepRun) -> dict[str, Any]:
    """One step; ``seconds`` and ``outcome`` are null while it runs."""
    seconds = None if run.ended_at is None else round(run.ended_at - run.started_at, 3)
    return {"step": run.step, "started_at": _time(run.started_at), "seconds": seconds, "outcome": run.outcome}


def lock(of: Lock | None) -> dict[str, Any] | None:
    """The lock of an app: the person and the reason; None if it is not locked."""
    return {"reason": of.reason, "by": of.by, "at": _time(of.at)} if of else None


def token(of: Token) -> dict[str, Any]:
    """One token, without its text; ``app`` is null when it is valid for all apps."""
    return {
        "name": of.name,
        "app": of.app or None,
        "scope": of.scope,
        "created_at": _time(of.created_at),
        "expires_at": _time(of.expires_at),
        "used_at": _time(of.used_at),
    }


def _release(of: Release) -> dict[str, Any]:
    return {"deploy": of.deploy, "commit": of.commit, "slot": of.slot, "image_id": of.image}


def _standby(of: Release) -> dict[str, Any]:
    """``visitors`` are those of the last five minutes with a session there; null: unknown, or not a sticky standby."""
    sticky = {"sticky_until": _time(of.sticky_until), "visitors": of.visitors}
    return {**_release(of), "retire_at": _time(of.retire_at), **sticky}


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
