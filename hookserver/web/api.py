"""``/api/v1``: deploys asked for by hand, looked at, rolled back, cancelled, and kept back by a lock."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, url_for

from hookserver.errors import AppLocked, BadRequest, NotFound, Refused
from hookserver.models import Push, Status, Trigger
from hookserver.state.worker_lock import worker_is_alive
from hookserver.views import documents
from hookserver.views.log_follower import NO_WORKER, outcome
from hookserver.web import auth, log_stream
from hookserver.web.context import context, known_app
from hookserver.web.errors import problem, wants_text
from hookserver.web.fields import (
    DEPLOY_NUMBER,
    DeployFields,
    FollowQuery,
    ListQuery,
    LockFields,
    NoFields,
    RollbackFields,
)
from hookserver.web.following import wait

blueprint = Blueprint("api", __name__)


@blueprint.post("/apps/<name>/deploys")
def deploy(name: str) -> Response:
    """Deploy the branch's tip, or one commit."""
    by = auth.caller(name)
    fields = DeployFields.from_body(known_app(name))
    return _queue(Push(name, Trigger(fields.trigger), fields.commit, fields.rebuild, by=by))


@blueprint.post("/apps/<name>/rollback")
def rollback(name: str) -> Response:
    """Let an earlier release serve again: the one before, or the one that deploy ``to`` made."""
    by = auth.caller(name)
    known_app(name)
    to = RollbackFields.from_body().to
    context().store.refuse_if_locked(name)
    try:
        target = context().store.rollback_target(name, to)
    except NotFound as error:
        if to is None:
            raise Refused(error.problem, 'Name a deploy with {"to": N}, once there is one.') from error
        raise
    return _queue(Push(app=name, trigger=Trigger.ROLLBACK, rollback_to=target.deploy, by=by))


@blueprint.post(f"/deploys/<{DEPLOY_NUMBER}:number>/cancel")
def cancel(number: int) -> Response:
    """A waiting deploy is cancelled at once (200), a running one as soon as the worker has ended it (202)."""
    auth.deploy(number)
    NoFields.from_body()
    cancelled = context().store.cancel(number)
    return _answer(documents.deploy(cancelled), 200 if cancelled.status is Status.CANCELLED else 202)


@blueprint.get("/apps")
def apps() -> Response:
    """The apps that the token is valid for."""
    settings = context().settings.apps
    return jsonify(apps=[documents.app(context().store, settings[name]) for name in auth.visible_apps()])


@blueprint.get("/apps/<name>")
def app(name: str) -> Response:
    """One app: what serves, what stands by, what waits."""
    auth.caller(name)
    return jsonify(documents.app(context().store, known_app(name)))


@blueprint.get("/apps/<name>/deploys")
def deploys(name: str) -> Response:
    """An app's deploys, newest first."""
    auth.caller(name)
    known_app(name)
    found = context().store.deploys(name, ListQuery.from_query().limit)
    return jsonify(deploys=[documents.deploy(deploy) for deploy in found])


@blueprint.get(f"/deploys/<{DEPLOY_NUMBER}:number>")
def one_deploy(number: int) -> Response:
    """One deploy with its steps."""
    found = auth.deploy(number)
    steps = [documents.step(run) for run in context().store.steps(number)]
    return jsonify({**documents.deploy(found), "steps": steps, "log": _log_url(number)})


@blueprint.put("/apps/<name>/lock")
def lock(name: str) -> Response:
    """Let the app's pushes wait."""
    by = auth.caller(name)
    known_app(name)
    reason = LockFields.from_body().reason
    context().store.lock(name, reason, by)
    return jsonify(lock=documents.lock(context().store.app(name).lock))


@blueprint.delete("/apps/<name>/lock")
def unlock(name: str) -> Response:
    """Let the app's pushes go on."""
    auth.caller(name)
    known_app(name)
    context().store.unlock(name)
    return jsonify(lock=None)


def _queue(push: Push) -> Response:
    """Store the push, then answer 202, or follow it, or wait for its end, as the query asks.

    A script that asks for ``text/plain`` gets the lines with which following begins in the place of the document.
    """
    query = FollowQuery.from_query()
    follows, waits = query.follow == "1", query.wait == "1"
    if follows and waits:
        raise BadRequest("follow and wait exclude each other", http_status=422)
    if waits:
        return _waited(push)
    number = context().store.enqueue(push).deploy
    if follows:
        return _followed(push.app, number)
    if wants_text():
        return Response(_first_lines(push.app, number), 202, mimetype="text/plain")
    return _answer({"deploy": number, "status": "queued", "log": _log_url(number)}, 202)


def _waited(push: Push) -> Response:
    """200 when the deploy is live, 422 with the reason when it failed; 503 when there is no end to tell.

    Turned away before anything is stored when no follower's place is free: only the end would be an answer.
    """
    followers = context().followers
    if not followers.acquire(blocking=False):
        raise log_stream.too_many()
    try:
        number = context().store.enqueue(push).deploy
        deploy = wait(context(), number, log_stream.client())
    finally:
        followers.release()
    if not deploy.status.is_over:
        return problem(503, f"hookserver is stopping; deploy {number} goes on", f"Ask {_url(number)}.", deploy=number)
    if deploy.status is not Status.LIVE:
        remedy = f"The whole log: {_log_url(number)}"
        return problem(422, outcome(deploy), remedy, deploy=number, deploy_status=deploy.status)
    return _answer(documents.deploy(deploy), 200)


def _followed(name: str, number: int) -> Response:
    """The log as text, or, when no follower's place is free, that it was queued: the push counts all the same."""
    first = _first_lines(name, number)
    if context().followers.acquire(blocking=False):
        return log_stream.stream_text(number, first, 202)
    told = f" !     {log_stream.too_many().problem}: read the log at {_log_url(number)}\nqueued\n"
    return Response(first + told, 202, mimetype="text/plain")


def _first_lines(name: str, number: int) -> str:
    """That the push is queued, and what it waits for when that may take long."""
    queued = f"-----> queued as deploy {number}\n"
    try:
        context().store.refuse_if_locked(name)
    except AppLocked as error:
        return f"{queued} !     {error.problem}; the deploy waits for the unlock\n"
    if not worker_is_alive(context().state):
        return f"{queued}{NO_WORKER}\n"
    return queued


def _answer(document: dict[str, Any], status: int) -> Response:
    response = jsonify(document)
    response.status_code = status
    if "deploy" in document:
        response.headers["Location"] = _url(document["deploy"])
    return response


def _url(number: int) -> str:
    return url_for("api.one_deploy", number=number)


def _log_url(number: int) -> str:
    return url_for("log_stream.log", number=number)
