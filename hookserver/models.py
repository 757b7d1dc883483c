"""The words of the product as frozen data, and the allowed transitions of a deploy, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Scope(StrEnum):
    """What a token allows. Each scope includes those before it."""

    READ = "read"
    """To see apps, deploys and logs."""
    DEPLOY = "deploy"
    """To request, roll back and cancel deploys."""
    ADMIN = "admin"
    """To lock and unlock apps: an operator's decision, which what pushes must not undo."""

    def includes(self, other: Scope) -> bool:
        """Whether this scope allows what ``other`` allows."""
        order = [*Scope]
        return order.index(self) >= order.index(other)


class Slot(StrEnum):
    """The two places where an app's releases run."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> Slot:
        """The second of the two."""
        return Slot.GREEN if self is Slot.BLUE else Slot.BLUE


class Trigger(StrEnum):
    """Where the request for a deploy came from."""

    WEBHOOK = "webhook"
    GIT_PUSH = "git-push"
    API = "api"
    CLI = "cli"
    POLL = "poll"
    ROLLBACK = "rollback"
    SETTINGS = "settings"


class Status(StrEnum):
    """The status of a deploy."""

    QUEUED = "queued"
    RUNNING = "running"
    LIVE = "live"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    ROLLED_BACK = "rolled_back"

    @property
    def is_over(self) -> bool:
        """Whether its deploy runs no more steps, and waits for none."""
        return self not in (Status.QUEUED, Status.RUNNING)


@dataclass(frozen=True)
class TrafficState:
    """Where Nginx sends an app's requests.

    ``live``: the slot that has the traffic; None: none has, and visitors get 503. ``sticky``: the other slot, while it
    still serves the visitors whose sessions it holds.
    """

    live: Slot | None = None
    sticky: Slot | None = None

    def __post_init__(self) -> None:
        if self.sticky is not None and (self.live is None or self.sticky is self.live):
            raise ValueError(f"{self.sticky} cannot be sticky while {self.live or 'nothing'} is live")

    def __str__(self) -> str:
        return f"{self.live or 'none'}{f', sticky {self.sticky}' if self.sticky else ''}"


class ReplicaState(StrEnum):
    """Whether a replica's process runs."""

    RUNNING = "running"
    RESTARTING = "restarting"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Replica:
    """One replica of a release, as the runtime reports it.

    ``restarts``: how often the runtime restarted it. ``ending``: how its process ended last, in words that follow the
    replica's name.
    """

    id: str
    name: str
    app: str
    slot: Slot
    deploy: int
    state: ReplicaState = ReplicaState.RUNNING
    restarts: int = 0
    ending: str = "ended"
    out_of_memory: bool = False

    @property
    def is_up(self) -> bool:
        """Whether it runs, or will in a moment."""
        return self.state is not ReplicaState.STOPPED


# A running deploy whose process was killed is queued again, or superseded when a newer push waits. A rollback changes
# the deploy that it undoes, and one that it makes live again.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.CANCELLED, Status.SUPERSEDED}),
    Status.RUNNING: frozenset({Status.LIVE, Status.FAILED, Status.CANCELLED, Status.QUEUED, Status.SUPERSEDED}),
    Status.LIVE: frozenset({Status.ROLLED_BACK}),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.SUPERSEDED: frozenset(),
    Status.ROLLED_BACK: frozenset({Status.LIVE}),
}


class Step(StrEnum):
    """The steps of a deploy, in order."""

    FETCH = "fetch"
    BUILD = "build"
    PREPARE = "prepare"
    START = "start"
    CHECK = "check"
    SWITCH = "switch"
    DRAIN = "drain"


class StepOutcome(StrEnum):
    """How a step ended: by itself, or killed because somebody cancelled the deploy, or killed with the worker."""

    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


SKIP = "[skip deploy]"
"""In the message of a branch's tip: its push makes no deploy."""


@dataclass(frozen=True)
class Push:
    """An event that requests a deploy of ``app``. It is a hint: what is deployed is the branch's tip at fetch time.

    ``commit`` is set only when somebody requested exactly that commit; ``rollback_to`` is the number of the deploy
    whose release is to be live again. ``delivery`` is the forge's id of this delivery, ``by`` the person who pushed.
    """

    app: str
    trigger: Trigger
    commit: str = ""
    rebuild: bool = False
    rollback_to: int | None = None
    delivery: str = ""
    by: str = ""


@dataclass(frozen=True)
class Lock:
    """A lock that lets an app's pushes wait: the reason, the person, and since when (Unix seconds)."""

    reason: str
    by: str
    at: float


@dataclass(frozen=True)
class App:
    """One WAR project.

    ``number`` is its fixed number on the container network, ``live`` the deploy whose release is live (None: no
    release is), ``tip_seen`` the branch's tip that a poll or a deploy last read.
    """

    name: str
    number: int
    live: int | None = None
    tip_seen: str = ""
    lock: Lock | None = None


@dataclass(frozen=True)
class Deploy:
    """One run of the pipeline for an app. Times are Unix seconds; None: not yet.

    ``requested_commit`` is set when somebody requested exactly that commit; ``commit`` is the one that the fetch found.
    ``delivery`` is the forge's id of the webhook that requested it. ``visitors_lost`` counts the visitors who lost
    their sessions, since the deploy needed a sticky standby's slot.
    """

    number: int
    app: str
    status: Status
    trigger: Trigger
    requested_commit: str = ""
    commit: str = ""
    rebuild: bool = False
    rollback_to: int | None = None
    by: str = ""
    delivery: str | None = None
    step: Step | None = None
    reason: str = ""
    superseded_by: int | None = None
    attempt: int = 0
    cancel_requested: bool = False
    visitors_lost: int | None = None
    queued_at: float = 0.0
    started_at: float | None = None
    live_at: float | None = None
    ended_at: float | None = None

    @property
    def is_by_hand(self) -> bool:
        """Whether a person has chosen what it brings, instead of the branch's tip."""
        return bool(self.requested_commit) or self.trigger is Trigger.ROLLBACK


@dataclass(frozen=True)
class StepRun:
    """One step of a deploy with its times in Unix seconds; ``ended_at`` and ``outcome`` are None while it runs."""

    step: Step
    started_at: float
    ended_at: float | None = None
    outcome: StepOutcome | None = None


@dataclass(frozen=True)
class Release:
    """The product of a deploy, run by ``replicas`` replicas. Times are Unix seconds.

    ``settings`` are the app's that it was made with, as ``config.record_app`` writes them. ``live_at`` is when it last
    went live; ``retire_at`` is set while its slot is the standby, ``retired_at`` once it no longer runs.

    A sticky standby still serves the visitors whose sessions it holds, until ``sticky_until`` at most; ``visitors`` of
    them sent a request in the last minutes (None: not known).
    """

    deploy: int
    app: str
    commit: str
    image: str
    slot: Slot
    replicas: int
    retire_at: float | None = None
    retired_at: float | None = None
    sticky_until: float | None = None
    visitors: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    live_at: float | None = None

    @property
    def due_at(self) -> float | None:
        """When a standby is to be retired, or to stop being sticky, whichever is first; None for no standby."""
        moments = [moment for moment in (self.retire_at, self.sticky_until) if moment is not None]
        return min(moments) if self.retire_at is not None else None


@dataclass(frozen=True)
class Endpoint:
    """Where one replica answers. ``name`` is its container's, such as ``hs-shop-blue-1``.

    ``route`` is its jvmRoute, such as ``blue1``: the end of each session id that it makes.
    """

    name: str
    route: str
    host: str
    port: int = 8080
