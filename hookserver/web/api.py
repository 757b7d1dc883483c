"""``/api/v1``: request, show, roll back and cancel deploys; lock and unlock apps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, url_for

from hookserver.errors import AppLocked, BadRequest, NotFound, Refused
from hookserver.models import Push, Scope, Status, Trigger
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
    """Queue a deploy of the branch's tip, or of one commit."""
    by = auth.caller(name, Scope.DEPLOY)
    fields = DeployFields.from_body(known_app(name))
    return _queue(Push(name, Trigger(fields.trigger), fields.commit, fields.rebuild, by=by))


@blueprint.post("/apps/<name>/rollback")
def rollback(name: str) -> Response:
    """Queue a rollback to the release before, or to the release of deploy ``to``.

    Raises Refused when there is none before, NotFound when ``to`` has none, AppLocked.
    """
    by = auth.caller(name, Scope.DEPLOY)
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
    """Cancel a queued deploy at once (200), or ask the worker to end a running one (202)."""
    auth.visible_deploy(number, Scope.DEPLOY)
    NoFields.from_body()
    cancelled = context().store.cancel(number)
    return _answer(documents.deploy(cancelled), 200 if cancelled.status is Status.CANCELLED else 202)


@blueprint.get("/apps")
def apps() -> Response:
    """List the apps that the token is valid for."""
    settings = context().settings.apps
    return jsonify(apps=[documents.app(context().store, settings[name]) for name in auth.visible_apps()])


@blueprint.get("/apps/<name>")
def app(name: str) -> Response:
    """Show one app: its live release, its standby, its queue, its lock."""
    auth.caller(name, Scope.READ)
    return jsonify(documents.app(context().store, known_app(name)))


@blueprint.get("/apps/<name>/deploys")
def deploys(name: str) -> Response:
    """List an app's deploys, newest first."""
    auth.caller(name, Scope.READ)
    known_app(name)
    listed = context().store.deploys(name, ListQuery.from_query().limit)
    return jsonify(deploys=[documents.deploy(deploy) for deploy in listed])


@blueprint.get(f"/deploys/<{DEPLOY_NUMBER}:number>")
def one_deploy(number: int) -> Response:
    """Show one deploy with its steps."""
    found = auth.visible_deploy(number, Scope.READ)
    steps = [documents.step(run) for run in context().store.steps(number)]
    return jsonify({**documents.deploy(found), "steps": steps, "log": _log_url(number)})


@blueprint.put("/apps/<name>/lock")
def lock(name: str) -> Response:
    """Lock the app: its pushes wait."""
    by = auth.caller(name, Scope.ADMIN)
    known_app(name)
    reason = LockFields.from_body().reason
    context().store.lock(name, reason, by)
    return jsonify(lock=documents.lock(context().store.app(name).lock))


@blueprint.delete("/apps/<name>/lock")
def unlock(name: str) -> Response:
    """Unlock the app: a push that waits is deployed."""
    auth.caller(name, Scope.ADMIN)
    known_app(name)
    context().store.unlock(name)
    return jsonify(lock=None)


def _queue(push: Push) -> Response:
    """Store the push, then answer 202, stream the log, or wait for the end, as the query says.

    A client that prefers ``text/plain`` gets the first lines of the log instead of a JSON document.
    """
    query = FollowQuery.from_query()
    follows, waits = query.follow == "1", query.wait == "1"
    if follows and waits:
        raise BadRequest("follow and wait exclude each other", "Send one of them.", 422)
    if waits:
        return _waited(push)
    number = context().store.enqueue(push).deploy
    if follows:
        return _followed(push.app, number)
    if wants_text():
        return Response(_first_lines(push.app, number), 202, mimetype="text/plain")
    return _answer({"deploy": number, "status": Status.QUEUED, "log": _log_url(number)}, 202)


def _waited(push: Push) -> Response:
    """200 when the deploy is live, 422 with the reason when it failed, 503 when this process stops before the end.

    Raises TryLater before the push is stored when too many clients follow deploys: without waiting there is no answer.
    """
    followers = context().followers
    if not followers.acquire(push.app):
        raise log_stream.too_many(push.app)
    try:
        number = context().store.enqueue(push).deploy
        deploy = wait(context(), number, log_stream.client())
    finally:
        followers.release(push.app)
    if not deploy.status.is_over:
        return problem(503, f"hookserver is stopping; deploy {number} continues", f"See {_url(number)}.", deploy=number)
    if deploy.status is not Status.LIVE:
        remedy = f"The whole log: {_log_url(number)}"
        return problem(422, outcome(deploy), remedy, deploy=number, deploy_status=deploy.status)
    return _answer(documents.deploy(deploy), 200)


def _followed(name: str, number: int) -> Response:
    """Stream the log as text; when too many clients follow deploys, only say that the push is stored."""
    first = _first_lines(name, number)
    if context().followers.acquire(name):
        return log_stream.stream_text(name, number, first, 202)
    last = f" !     {log_stream.too_many(name).problem}: read the log at {_log_url(number)}\nqueued\n"
    return Response(first + last, 202, mimetype="text/plain")


def _first_lines(name: str, number: int) -> str:
    """The first lines of a followed log: that the push is queued, and whether a lock or a missing worker delays it."""
    queued = f"-----> queued as deploy {number}\n"
    try:
        context().store.refuse_if_locked(name)
    except AppLocked as error:
        return f"{queued} !     {error.problem}; the deploy waits for the unlock\n"
    if not worker_is_alive(context().state):
        return f"{queued}{NO_WORKER}\n"
    return queued


def _answer(document: Mapping[str, Any], status: int) -> Response:
    response = jsonify(document)
    response.status_code = status
    if "deploy" in document:
        response.headers["Location"] = _url(document["deploy"])
    return response


def _url(number: int) -> str:
    return url_for("api.one_deploy", number=number)


def _log_url(number: int) -> str:
    return url_for("log_stream.log", number=number)
