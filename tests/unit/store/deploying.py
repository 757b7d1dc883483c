"""How the tests of the store bring a deploy into each state."""

from __future__ import annotations

from hookserver.models import Push, Release, Slot, Status, Trigger
from hookserver.store import Store

NOW = 1_000_000.0


class Clock:
    """A wall clock that the test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def push(app: str = "shop", **facts: object) -> Push:
    return Push(**{"app": app, "trigger": Trigger.WEBHOOK, **facts})  # type: ignore[arg-type]


def claimed(store: Store, app: str = "shop", **facts: object) -> int:
    """The number of a new deploy that runs."""
    number = store.enqueue(push(app, **facts)).deploy
    deploy = store.claim(builds=4)
    assert deploy
    assert deploy.number == number
    return number


def live(store: Store, app: str = "shop", slot: Slot = Slot.BLUE, **facts: object) -> int:
    """The number of a new deploy whose release is live; the one before stays sticky for 1800 s, standby for 600 s."""
    number = claimed(store, app, **facts)
    store.add_release(Release(number, app, f"{number:040x}", f"sha256:{number}", slot, 2))
    store.go_live(number, number, standby=600, sticky_seconds=1800)
    store.end(number, Status.LIVE)
    return number


def release_of(store: Store, deploy: int) -> Release:
    release = store.release(deploy)
    assert release
    return release
