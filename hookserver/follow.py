"""Follow a deploy's log as it grows, until the deploy is over."""

from __future__ import annotations

import time
from collections.abc import Iterator

from hookserver.models import Deploy, StateDir, Status
from hookserver.store import Store

_LOOK_EVERY = 0.1


def follow_log(store: Store, state: StateDir, number: int) -> Iterator[str]:
    """The lines of the log, complete ones only, until the deploy is live, failed, cancelled or superseded."""
    position = 0
    told_waiting = False
    while True:
        over = store.deploy(number).status.is_over
        path = state.log(number)
        if path.exists():
            with path.open("rb") as file:
                file.seek(position)
                text = file.read()
            complete = text[: text.rfind(b"\n") + 1]
            position += len(complete)
            yield from complete.decode("utf-8", "replace").splitlines()
        elif not told_waiting and not over:
            yield f"-----> Deploy {number} waits"
            told_waiting = True
        if over:
            return
        time.sleep(_LOOK_EVERY)


def outcome(deploy: Deploy) -> str:
    """The last line: ``live``, or ``failed: <why>`` and the like, on one line."""
    if deploy.status is Status.SUPERSEDED:
        return f"superseded by deploy {deploy.superseded_by}"
    if deploy.status is Status.LIVE or not deploy.reason:
        return str(deploy.status)
    return f"{deploy.status}: {deploy.reason.splitlines()[0]}"
