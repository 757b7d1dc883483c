"""Where does the time go from ``git push`` to live? ``tests/run.sh bench push_to_live``

Nine pushes of a small change, Maven's cache warm, no load, the slot free; then some whose slot a standby still has,
which must be ended first; then rollbacks to the standby. hookserver's own part of a push is what is neither the build
command (its container's start to its end, as Docker reports) nor the start of a replica (from its creation to its first
good answer, the slower of the two).
"""

from __future__ import annotations

import itertools
import statistics
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hookserver.addresses import endpoints
from hookserver.engine.labels import ROLE
from hookserver.engine.temporary import BUILD_ROLE
from hookserver.models import Slot
from tests.bench.first_answers import FirstAnswers
from tests.bench.installation import APP, BenchInstallation, installed
from tests.bench.outcome import outcome, report, run, table
from tests.waiting import until

PUSHES = 9
PUSHES_BESIDE_A_STANDBY = 4
_SOON, _LATE = 'standby = "1s"', 'standby = "1h"'
ROLLBACKS = 6
OVERHEAD_BAR = 0.11
ROLLBACK_BAR = 0.011
PARTS = ("accept", "fetch", "build", "start", "check", "switch")
"""``accept``: from the push to the claim by the worker."""


@dataclass(frozen=True)
class Split:
    """Seconds of one push: each part's, and those of it that are hookserver's own."""

    parts: dict[str, float]
    command: float
    replica: float
    own: dict[str, float]

    @property
    def total(self) -> float:
        return sum(self.parts.values())

    @property
    def overhead(self) -> float:
        return self.total - self.command - self.replica


def split(began: float, document: dict[str, Any], command: float, created: float, answered: float) -> Split:
    """``document``: the deploy as the API shows it, with Unix seconds, as are the other moments: when the push began,
    when a replica was created, and when it gave its first good answer. ``command``: the seconds of the build command.
    What comes after the switch does not count.
    """
    begins = [step["started_at"] for step in document["steps"] if step["step"] in PARTS]
    moments = [began, *begins, document["live_at"]]
    parts = {part: end - begin for part, (begin, end) in zip(PARTS, itertools.pairwise(moments), strict=True)}
    begin = dict(zip(PARTS, moments, strict=False))
    others = {"build": parts["build"] - command, "start": created - begin["start"], "check": begin["switch"] - answered}
    return Split(parts, command, answered - created, parts | others)


class BuildTimes:
    """How long each build's command took, from Docker's events."""

    def __init__(self, events: Iterable[dict[str, Any]]) -> None:
        self.seconds: dict[int, float] = {}
        self._events = events
        self._started: dict[str, int] = {}

    def read(self) -> None:
        """Until the events end."""
        for event in self._events:
            attributes = event["Actor"]["Attributes"]
            if event["Action"] == "start":
                self._started[event["Actor"]["ID"]] = event["timeNano"]
            elif event["Action"] == "die" and event["Actor"]["ID"] in self._started:
                took = event["timeNano"] - self._started.pop(event["Actor"]["ID"])
                self.seconds[int(attributes["hookserver.deploy"])] = took / 1e9


@contextmanager
def build_times(shop: BenchInstallation) -> Iterator[BuildTimes]:
    """Listening as long as the block lasts."""
    labels = [f"{ROLE}={BUILD_ROLE}", f"hookserver.app={APP}"]
    events = shop.docker.events(decode=True, filters={"type": "container", "label": labels})
    times = BuildTimes(events)
    listener = threading.Thread(target=times.read, daemon=True)
    listener.start()
    try:
        yield times
    finally:
        events.close()
        listener.join(5)


def bench() -> int:
    """Run it; the exit code."""
    with installed(_SOON) as shop:
        report("a first push warms the caches")
        first = shop.push("1.1.1").deploy
        shop.ended(first)
        last = first + PUSHES + PUSHES_BESIDE_A_STANDBY
        with build_times(shop) as builds:
            splits = [_push_when_free(shop, number, builds) for number in range(first + 1, first + 1 + PUSHES)]
            shop.change(_SOON, _LATE)
            report("pushes whose slot a standby has")
            beside = [_push(shop, number, builds) for number in range(first + 1 + PUSHES, last + 1)]
        report(f"{ROLLBACKS} rollbacks to the standby")
        rollbacks = [_roll_back(shop, last - 1 + number % 2) for number in range(ROLLBACKS)]
    return _outcome(splits, beside[1:], rollbacks)


def _push_when_free(shop: BenchInstallation, deploy: int, builds: BuildTimes) -> Split:
    """Once the standby is retired."""
    labels = [f"{ROLE}=replica", f"hookserver.app={APP}"]
    replicas = shop.settings.apps[APP].replicas

    def is_free() -> bool:
        return len(shop.docker.api.containers(all=True, filters={"label": labels})) == replicas

    until(is_free, 60, "the standby's end")
    return _push(shop, deploy, builds)


def _push(shop: BenchInstallation, deploy: int, builds: BuildTimes) -> Split:
    with FirstAnswers(shop, deploy) as answers:
        pushed = shop.push(f"1.1.{deploy}")
    document = shop.ended(pushed.deploy)
    slot = Slot.BLUE if deploy % 2 else Slot.GREEN
    places = endpoints(shop.settings.docker, APP, 1, slot, shop.settings.apps[APP].replicas)
    moments = [(answers.created(place.name), answers.at[place.route]) for place in places]
    created, answered = max(moments, key=lambda moment: moment[1] - moment[0])
    found = split(pushed.began, document, builds.seconds[deploy], created, answered)
    report(f"  push {deploy}: {found.total:.2f} s, of it hookserver's own {found.overhead:.2f} s")
    return found


def _roll_back(shop: BenchInstallation, to: int) -> float:
    """Milliseconds from accepted to the first answer by the version that stood by."""
    wanted = f"1.1.{to}"
    accepted = shop.rollback(to)
    while shop.version() != wanted:
        pass
    took = (time.time() - accepted.at) * 1000
    shop.ended(accepted.deploy)
    report(f"  {wanted} answers after {took:.0f} ms")
    return took


def _outcome(splits: list[Split], beside: list[Split], rollbacks: list[float]) -> int:
    parts = {part: statistics.median(split.parts[part] for split in splits) for part in PARTS}
    own = {part: statistics.median(split.own[part] for split in splits) for part in PARTS}
    command = statistics.median(split.command for split in splits)
    replica = statistics.median(split.replica for split in splits)
    overhead = statistics.median(split.overhead for split in splits)
    total = statistics.median(split.total for split in splits)
    rest = {"build": f"the command: {command:.2f}", "check": f"a replica's start: {replica:.2f}"}
    rows = [[part, f"{parts[part]:.2f}", f"{own[part]:.2f}", rest.get(part, "")] for part in PARTS]
    rows += [["push to live", f"{total:.2f}", f"{overhead:.2f}", ""]]
    report()
    report(table([f"median of {len(splits)}, in s", "in all", "hookserver's own", ""], rows))
    overhead_beside = statistics.median(split.overhead for split in beside)
    report(f"where a standby is to be ended first: hookserver's own {overhead_beside:.2f}, median of {len(beside)}")
    rollback = statistics.median(rollbacks)
    figures = {
        "pushes": len(splits),
        "total_s": round(total, 3),
        **{f"{part}_own_s": round(seconds, 3) for part, seconds in own.items()},
        "build_command_s": round(command, 3),
        "replica_start_s": round(replica, 3),
        "overhead_s": round(overhead, 3),
        "overhead_of_a_push": round(overhead / total, 4),
        "overhead_max_s": round(max(split.overhead for split in splits), 3),
        "overhead_beside_a_standby_s": round(overhead_beside, 3),
        "rollback_ms": round(rollback, 1),
        "rollback_of_a_push": round(rollback / 1000 / total, 4),
        "rollback_max_ms": round(max(rollbacks), 1),
    }
    parts_of_a_push = {
        f"hookserver's own part of a push: median {overhead:.2f} s": (overhead / total, OVERHEAD_BAR),
        f"rollback to the standby: median {rollback:.0f} ms": (rollback / 1000 / total, ROLLBACK_BAR),
    }
    bars = {
        f"{name}, {part:.1%} of a push, at most {bar:.1%}": part <= bar for name, (part, bar) in parts_of_a_push.items()
    }
    return outcome("push_to_live", figures, bars)


if __name__ == "__main__":
    run(bench)
