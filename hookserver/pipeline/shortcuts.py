"""Deploys that need less than all steps: nothing is new, an image is there, a standby runs."""

from __future__ import annotations

from collections.abc import Iterable

from hookserver.changes.effects import Change, Effect, replacing_changes
from hookserver.errors import BuildError, HookserverError, Unhealthy, in_one_line
from hookserver.models import SKIP, Deploy, Push, Release, ReplicaState, Status, Trigger
from hookserver.pipeline.context import DeployContext
from hookserver.pipeline.health_gate import wait_until_healthy
from hookserver.pipeline.liveness import replicas_of
from hookserver.pipeline.steps import build

_STANDBY_DEADLINE = 2.0
"""Seconds in which every replica of a standby must give a good answer; else its image is started again."""
_TIP_DEADLINE = 5.0


def ends_without_release(context: DeployContext, commit: str, message: str) -> bool:
    """End the deploy if the commit is live, was taken out of traffic, or asks to be skipped; whether it is over.

    A deploy that a person requested by hand goes on. Raises StoreError.
    """
    deploy, app = context.deploy, context.app
    if deploy.rebuild or deploy.requested_commit or deploy.trigger in (Trigger.API, Trigger.CLI):
        return False
    live = context.store.live_release(app.name)
    has_new_settings = live is not None and replacing_changes(live.settings, context.recorded(app))
    if reason := _why_skipped(context, live, commit, message):
        context.log.result(f"skipped: {reason}")
        if has_new_settings:
            context.store.enqueue_settings(Push(app.name, Trigger.SETTINGS))
        context.store.end(deploy.number, Status.CANCELLED, reason)
        return True
    if live is None or live.commit != commit or has_new_settings:
        return False
    end_as_live(context, live)
    return True


def _why_skipped(context: DeployContext, live: Release | None, commit: str, message: str) -> str:
    if SKIP in message.lower():
        return f"the commit's message says {SKIP}"
    if live is None or live.commit == commit:
        return ""
    undone = undone_by(commit, context.store.history_of_traffic(context.app.name, context.deploy.number))
    if undone is None:
        return ""
    how = "was rolled back at once" if undone.commit == commit else f"was live until deploy {undone.number} replaced it"
    return f"{commit[:12]} {how}; to deploy it all the same, run `hookserver deploy {context.app.name}`"


def undone_by(commit: str, history: Iterable[Deploy]) -> Deploy | None:
    """The deploy that took the commit out of traffic, unless a person or the branch has asked for another one since.

    Forges repeat deliveries, and so may a stranger who has recorded one: neither undoes what a person has decided. A
    release that the post-switch check has rolled back was live, too: its own deploy is returned. When the last deploy
    of the commit failed or was cancelled, there is none. ``history``: the deploys that were live, or that a person
    asked for, newest first.
    """
    since: list[Deploy] = []
    for deploy in history:
        if deploy.commit == commit:
            break
        if deploy.live_at is not None and deploy.trigger is not Trigger.SETTINGS:
            since.append(deploy)
    else:
        return None
    if deploy.live_at is None or not all(later.is_by_hand for later in since):
        return None
    if since:
        return since[-1]
    return deploy if deploy.status is Status.ROLLED_BACK else None


def end_as_live(context: DeployContext, live: Release) -> None:
    """End the deploy with the release that is live already. Raises StoreError."""
    context.log.result(f"live: {live.commit[:12]} is live already, since deploy {live.deploy}")
    context.store.go_live(context.deploy.number, None, context.app.release.standby)
    context.store.end(context.deploy.number, Status.LIVE)


def image_for_settings(context: DeployContext, live: Release, changes: list[Change]) -> str:
    """The live image, or a new one if that is requested, the changed settings need it, or it is gone.

    Raises BuildError.
    """
    if not context.deploy.rebuild and not any(change.effect is Effect.REBUILD for change in changes):
        try:
            return context.images.kept(live.image)
        except BuildError as error:
            context.log.line(f"{error.problem}: it is built again")
    return build(context, live.commit)


def standby_is_healthy(context: DeployContext, release: Release) -> bool:
    """Whether all replicas of the release still run and answer well now. Raises ContainerError."""
    if release.retired_at is not None:
        return False
    states = [replica.state for replica in replicas_of(context.runtime, release)]
    if states != [ReplicaState.RUNNING] * release.replicas:
        return False
    health = context.app.health
    once = health.model_copy(update={"successes": 1, "deadline": min(_STANDBY_DEADLINE, health.deadline)})
    try:
        wait_until_healthy(
            context.endpoints(release), once, context.app.domains[0], lambda: None, lambda _message: None
        )
    except Unhealthy as error:
        problem = in_one_line(error.problem)
        context.log.line(f"the standby does not answer well, so its image is started again: {problem}")
        return False
    return True


def record_tip(context: DeployContext) -> None:
    """Record the branch's tip as seen, so that the poll does not undo a rollback. An error is only logged."""
    try:
        tip = context.mirror(context.app, context.deploy.number).tip(_TIP_DEADLINE)
        context.store.record_tip(context.app.name, tip)
    except HookserverError as error:
        context.log.line(f"the branch's tip could not be read: {error.problem}")
