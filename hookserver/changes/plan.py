"""Plans the application of changed settings, from the recorded settings and the file (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hookserver.changes.effects import Change, Effect, app_differences, replacing_changes, server_differences, shown
from hookserver.config import Settings, record
from hookserver.config.units import format_size
from hookserver.models import Release
from hookserver.store import EffectiveSettings

RELOAD_COST = "that may cut a request on a kept-alive connection; new connections lose nothing"

_DOES = {
    Effect.AT_ONCE: "applied at once; nothing is replaced",
    Effect.NEXT_PUSH: "used from the next push or poll on",
    Effect.RESTART: "needs a restart of hookserver; visitors do not notice",
    Effect.NEVER: "cannot change while apps run at its addresses: put it back, or hookserver will not start again",
}


@dataclass(frozen=True)
class Replacement:
    """An app whose live commit gets new replicas. ``locked`` names the person and the reason; empty: not locked."""

    app: str
    live: Release
    rebuilds: bool
    replicas: int
    memory: int
    locked: str = ""

    def __str__(self) -> str:
        room = format_size(self.replicas * self.memory)
        image = "its image is rebuilt, then " if self.rebuilds else ""
        waits = f"; waits for the unlock ({self.locked})" if self.locked else ""
        return (
            f"{image}{self.replicas} new replicas of {self.live.commit[:12]} start on {self.live.slot.other} beside "
            f"the live ones, which needs {room} of memory meanwhile; then the switch: no request is lost{waits}"
        )


@dataclass(frozen=True)
class Plan:
    """The changes by app (empty: the sections of the file itself), and their consequences.

    ``gone`` are live apps that were removed from the file, ``dropped`` are removed apps that are not live. ``reloads``
    counts those of Nginx, without the one for retiring.
    """

    changes: Mapping[str, tuple[Change, ...]]
    replaced: tuple[Replacement, ...]
    added: tuple[str, ...]
    gone: tuple[str, ...]
    dropped: tuple[str, ...]
    reloads: int

    def is_empty(self, retires: bool) -> bool:
        """Whether there is nothing to do. ``retires``: whether removed apps are retired."""
        return not (self.changes or self.replaced or self.added or self.dropped or (self.gone and retires))

    def lines(self, retires: bool) -> list[str]:
        """The plan for people. ``retires``: whether removed apps are retired."""
        return [*self._lines(retires)] or ["nothing to do: these settings are applied"]

    def document(self, retires: bool) -> dict[str, Any]:
        """The plan for programs. ``retires``: whether removed apps are retired."""
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
                yield f"{_key(app, change.key)}: {_shown_change(change)}"
                if does := _DOES.get(change.effect):
                    yield f"  {does}"
        for one in self.replaced:
            yield f"{one.app}: {one}"
        for app in self.added:
            yield f"apps.{app} is new: its first push makes it live; until then its domains answer 503"
        for app in self.gone:
            end = "it is retired: it gets no more visitors, drains, and its replicas, images and caches are removed"
            yield f"apps.{app} was removed from the settings: {end if retires else _STAYS_LIVE}"
        for app in self.dropped:
            yield f"apps.{app} was removed from the settings; it does not run"
        if reloads := self._reloads(retires):
            times = "once" if reloads == 1 else "twice, once for each slot"
            yield f"Nginx is reloaded {times}: {RELOAD_COST}"


_STAYS_LIVE = "it stays live; --yes retires it"


def make_plan(
    settings: Settings, live: Mapping[str, Release], effective: EffectiveSettings, locks: Mapping[str, str]
) -> Plan:
    """The way from the worker's settings, and from those of the live releases, to the settings of the file.

    ``locks`` has the locked apps, each with the person and the reason.
    """
    wanted = record(settings, effective.salt)
    before = effective.settings
    changes = {"": tuple(server_differences(before, wanted)) if before else ()}
    replaced = []
    for name, app in settings.apps.items():
        old = before.get("apps", {}).get(name)
        why = replacing_changes(live[name].settings, wanted["apps"][name]) if name in live else []
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
    """The number of reloads. Two for another number of replicas: Nginx's text has it for each slot, the old one too."""
    if any(change.key == "replicas" for found in changes.values() for change in found):
        return 2
    return int(other_apps or any(change.effect is Effect.RELOAD for found in changes.values() for change in found))


def _until_live(change: Change, is_live: bool) -> Change:
    """The change with its effect now: an app without replicas to replace uses it from the next push on."""
    if change.effect in (Effect.REBUILD, Effect.REPLACE):
        return Change(change.key, change.before, change.after, Effect.AT_ONCE if is_live else Effect.NEXT_PUSH)
    return change


def _key(app: str, key: str) -> str:
    return f"apps.{app}.{key}" if app else key


def _shown_change(change: Change) -> str:
    before, after = shown(change.before), shown(change.after)
    if before == after:
        return "a new secret"
    return f"{before or 'none'} → {after or 'none'}"
