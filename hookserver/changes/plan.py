"""What taking up changed settings will do, before it is done. Pure: what is remembered, and the file, make a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hookserver.changes.effects import Change, Effect, app_differences, outdated, server_differences, shown
from hookserver.config import Settings, record
from hookserver.config.values import format_size
from hookserver.models import Release
from hookserver.store import EffectiveSettings

RELOAD_COST = (
    "that cuts one request on about half of the kept-alive connections that ask without a pause, and nothing else "
    "(measured: 205 of 324,685 requests over 12 reloads, 32 such connections)"
)

_DOES = {
    Effect.AT_ONCE: "taken up at once, nothing is replaced",
    Effect.NEXT_PUSH: "the next push or poll goes by it",
    Effect.RESTART: "needs a restart of hookserver; visitors do not notice",
    Effect.NEVER: "stays as it is while apps serve at its addresses: put it back, or hookserver will not start again",
}


@dataclass(frozen=True)
class Replacement:
    """An app whose live commit gets new replicas. ``locked``: by whom, and why; empty: it is not."""

    app: str
    live: Release
    rebuilds: bool
    replicas: int
    memory: int
    locked: str = ""

    def __str__(self) -> str:
        room = format_size(self.replicas * self.memory)
        image = "its image is built again, then " if self.rebuilds else ""
        waits = f"; waits for the unlock ({self.locked})" if self.locked else ""
        return (
            f"{image}{self.replicas} new replicas of {self.live.commit[:12]} start on {self.live.slot.other} beside "
            f"those that serve, which takes {room} of memory meanwhile; then the switch: no request is lost{waits}"
        )


@dataclass(frozen=True)
class Plan:
    """``changes`` by app (empty: the file's own sections), and what they lead to.

    ``gone``: apps that serve and are not in the file; ``dropped``: that were, and do not serve. ``reloads`` of Nginx,
    beside the one that retiring brings.
    """

    changes: Mapping[str, tuple[Change, ...]]
    replaced: tuple[Replacement, ...]
    added: tuple[str, ...]
    gone: tuple[str, ...]
    dropped: tuple[str, ...]
    reloads: int

    def is_empty(self, retires: bool) -> bool:
        """Whether there is nothing to do."""
        return not (self.changes or self.replaced or self.added or self.dropped or (self.gone and retires))

    def lines(self, retires: bool) -> list[str]:
        """For people. ``retires``: whether what is gone from the file will end."""
        return [*self._lines(retires)] or ["nothing to do: what runs is as the settings say"]

    def document(self, retires: bool) -> dict[str, Any]:
        """For programs."""
        changes = [
            {
                "key": _key(app, change.key),
                "before": shown(change.before),
                "after": shown(change.after),
                "effect": change.effect,
            }
            for app, found in self.changes.items()
            for change in found
        ]
        reloads = self._reloads(retires)
        return {
            "changes": changes,
            "replaced": [one.app for one in self.replaced],
            "added": [*self.added],
            "retired": [*self.gone] if retires else [],
            "gone": [*self.gone],
            "reloads": reloads,
            "reload_cost": RELOAD_COST if reloads else None,
        }

    def _reloads(self, retires: bool) -> int:
        return max(self.reloads, int(retires and bool(self.gone)))

    def _lines(self, retires: bool) -> Iterator[str]:
        for app, found in self.changes.items():
            for change in found:
                yield f"{_key(app, change.key)}: {_said(change)}"
                if does := _DOES.get(change.effect):
                    yield f"  {does}"
        for one in self.replaced:
            yield f"{one.app}: {one}"
        for app in self.added:
            yield f"apps.{app} is new: its first push makes it live, until then its domains answer 503"
        for app in self.gone:
            end = "it is retired: no more visitors, drained, its replicas, images and build caches removed"
            yield f"apps.{app} is gone from the settings: {end if retires else _SERVES_ON}"
        for app in self.dropped:
            yield f"apps.{app} is gone from the settings; nothing of it runs"
        if reloads := self._reloads(retires):
            times = "once" if reloads == 1 else "twice, once for each slot"
            yield f"Nginx is reloaded {times}: {RELOAD_COST}"


_SERVES_ON = "it serves on; --yes retires it"


def make_plan(
    settings: Settings, live: Mapping[str, Release], known: EffectiveSettings, locks: Mapping[str, str]
) -> Plan:
    """From what the worker goes by, and what the live releases were made from, to the file as it is now.

    ``locks``: locked apps, each with who keeps it and why.
    """
    wanted = record(settings, known.salt)
    before = known.settings
    changes = {"": tuple(server_differences(before, wanted)) if before else ()}
    replaced = []
    for name, app in settings.apps.items():
        old = before.get("apps", {}).get(name)
        why = outdated(live[name].settings, wanted["apps"][name]) if name in live else []
        others = app_differences(old, wanted["apps"][name]) if old else []
        due = {change.key for change in why}
        changes[name] = (*why, *(_until_live(change, name in live) for change in others if change.key not in due))
        if why:
            rebuilds = any(change.effect is Effect.REBUILD for change in why)
            memory = app.tomcat.memory
            replaced.append(Replacement(name, live[name], rebuilds, app.replicas, memory, locks.get(name, "")))
    added = tuple(name for name in settings.apps if name not in before.get("apps", {})) if before else ()
    gone = tuple(name for name in live if name not in settings.apps)
    dropped = tuple(name for name in before.get("apps", {}) if name not in settings.apps and name not in live)
    changes = {app: found for app, found in changes.items() if found}
    return Plan(changes, tuple(replaced), added, gone, dropped, _reloads(changes, bool(added or dropped)))


def _reloads(changes: Mapping[str, tuple[Change, ...]], other_apps: bool) -> int:
    """The number of replicas is in Nginx's text for each slot, and while the old slot serves its number stays."""
    if any(change.key == "replicas" for found in changes.values() for change in found):
        return 2
    return int(other_apps or any(change.effect is Effect.RELOAD for found in changes.values() for change in found))


def _until_live(change: Change, is_live: bool) -> Change:
    """What replaces replicas where some run is only for the next push where none do, or where it is done already."""
    if change.effect in (Effect.REBUILD, Effect.REPLACE):
        return Change(change.key, change.before, change.after, Effect.AT_ONCE if is_live else Effect.NEXT_PUSH)
    return change


def _key(app: str, key: str) -> str:
    return f"apps.{app}.{key}" if app else key


def _said(change: Change) -> str:
    before, after = shown(change.before), shown(change.after)
    if before == after:
        return "another secret"
    return f"{before or 'none'} → {after or 'none'}"
