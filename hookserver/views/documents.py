"""Makes the JSON documents of the API and of ``--json`` from rows of the store; ``null`` where nothing is set.

Their types are also the schemas of the OpenAPI document: the type checker compares them with what is made here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

# Pydantic needs this one before Python 3.12: https://docs.pydantic.dev/latest/errors/usage_errors/#typed-dict-version
from typing_extensions import TypedDict

from hookserver.config import AppSettings
from hookserver.models import Deploy, Lock, Release, Scope, Slot, Status, Step, StepOutcome, StepRun, Trigger
from hookserver.store import Store, Token

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""ISO 8601 in UTC."""


class LockDocument(TypedDict):
    """A lock of an app: the person and the reason."""

    reason: str
    by: str
    at: Time | None


class ReleaseDocument(TypedDict):
    """A release that runs."""

    deploy: int
    commit: str
    slot: Slot
    image_id: str


class LiveDocument(ReleaseDocument):
    """The release that gets the traffic."""

    since: Time | None


class StandbyDocument(ReleaseDocument):
    """The release before, ready for a rollback.

    ``visitors`` are those of the last five minutes with a session there; null: unknown, or not a sticky standby.
    """

    retire_at: Time | None
    sticky_until: Time | None
    visitors: int | None


class QueueDocument(TypedDict):
    """The numbers of the deploys that are not over."""

    running: int | None
    waiting: int | None


class AppDocument(TypedDict):
    """One app: its main settings, its live and standby release, its lock and its queue."""

    app: str
    branch: str
    domains: list[str]
    path: str
    image: str
    replicas: int
    live: LiveDocument | None
    standby: StandbyDocument | None
    lock: LockDocument | None
    queue: QueueDocument


class DeployDocument(TypedDict):
    """One deploy."""

    deploy: int
    app: str
    status: Status
    trigger: Trigger
    requested_commit: str | None
    commit: str | None
    by: str | None
    rebuild: bool
    rollback_to: int | None
    step: Step | None
    reason: str | None
    superseded_by: int | None
    attempt: int
    cancel_requested: bool
    visitors_lost: int | None
    queued_at: Time | None
    started_at: Time | None
    live_at: Time | None
    ended_at: Time | None


class StepDocument(TypedDict):
    """One step; ``seconds`` and ``outcome`` are null while it runs."""

    step: Step
    started_at: Time | None
    seconds: float | None
    outcome: StepOutcome | None


class TokenDocument(TypedDict):
    """One token, without its text; ``app`` is null when it is valid for all apps."""

    name: str
    app: str | None
    scope: Scope
    created_at: Time | None
    expires_at: Time | None
    used_at: Time | None


def app(store: Store, settings: AppSettings) -> AppDocument:
    """One app. Raises NotFound."""
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


def deploy(of: Deploy) -> DeployDocument:
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


def step(run: StepRun) -> StepDocument:
    """One step of a deploy."""
    seconds = None if run.ended_at is None else round(run.ended_at - run.started_at, 3)
    return {"step": run.step, "started_at": _time(run.started_at), "seconds": seconds, "outcome": run.outcome}


def lock(of: Lock | None) -> LockDocument | None:
    """The lock of an app; None if it is not locked."""
    return {"reason": of.reason, "by": of.by, "at": _time(of.at)} if of else None


def token(of: Token) -> TokenDocument:
    """One token."""
    return {
        "name": of.name,
        "app": of.app or None,
        "scope": of.scope,
        "created_at": _time(of.created_at),
        "expires_at": _time(of.expires_at),
        "used_at": _time(of.used_at),
    }


def _release(of: Release) -> ReleaseDocument:
    return {"deploy": of.deploy, "commit": of.commit, "slot": of.slot, "image_id": of.image}


def _standby(of: Release) -> StandbyDocument:
    return {
        **_release(of),
        "retire_at": _time(of.retire_at),
        "sticky_until": _time(of.sticky_until),
        "visitors": of.visitors,
    }


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
