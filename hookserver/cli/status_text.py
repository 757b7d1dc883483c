"""Apps and deploys as lines of text, for ``hookserver status`` and ``hookserver history``."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from hookserver.errors import in_one_line
from hookserver.models import Deploy


def status_lines(apps: Iterable[Mapping[str, Any]]) -> list[str]:
    """A block of lines for each app: its live release, its standby, its queue, its lock."""
    lines: list[str] = []
    for app in apps:
        lines.append(f"{app['app']}  {', '.join(app['domains'])}{app['path']}")
        lines.append(f"  live     {_release(app['live'], 'since')}")
        lines.append(f"  standby  {_release(app['standby'], 'retire_at')}{_visitors(app['standby'])}")
        queue = app["queue"]
        waiting = [f"deploy {number} {how}" for how, number in queue.items() if number is not None]
        lines.append(f"  queue    {', '.join(waiting) or 'empty'}")
        if app["lock"]:
            lines.append(f"  locked   by {app['lock']['by']}, {app['lock']['at']}: {app['lock']['reason']}")
    return lines or ["no apps in the settings"]


def history_lines(deploys: Iterable[Deploy]) -> list[str]:
    """One line for each deploy: number, status, commit, trigger, time, duration, and why it failed."""
    return [_history_line(deploy) for deploy in deploys] or ["no deploys yet"]


def _history_line(deploy: Deploy) -> str:
    what = f"{deploy.number:>5}  {deploy.status:<11} {deploy.commit[:12] or '-':<12} {deploy.trigger:<8}"
    queued = time.strftime("%Y-%m-%d %H:%M", time.localtime(deploy.queued_at))
    return f"{what} {queued} {_took(deploy):>7}  {_note(deploy)}".rstrip()


def _release(release: Mapping[str, Any] | None, moment: str) -> str:
    if release is None:
        return "none"
    when = f"{'until' if moment == 'retire_at' else moment} {release[moment]}"
    return f"{release['commit'][:12]} on {release['slot']} (deploy {release['deploy']}), {when}"


def _visitors(standby: Mapping[str, Any] | None) -> str:
    """The visitors that a sticky standby still serves: they would lose their sessions with its slot."""
    if standby is None or standby["sticky_until"] is None:
        return ""
    count = standby["visitors"]
    return f"; sticky, visitors in the last 5 minutes: {'not counted yet' if count is None else count}"


def _took(deploy: Deploy) -> str:
    end = deploy.live_at or deploy.ended_at
    return f"{end - deploy.started_at:.1f} s" if end and deploy.started_at else ""


def _note(deploy: Deploy) -> str:
    if deploy.superseded_by:
        return f"by deploy {deploy.superseded_by}"
    return in_one_line(deploy.reason)
