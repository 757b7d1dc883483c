"""``/livez`` and ``/readyz``: whether this process works, and whether a push would be deployed."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from hookserver.state.worker_lock import worker_is_alive
from hookserver.web.context import context
from hookserver.web.errors import TryLater

blueprint = Blueprint("probes", __name__)


@blueprint.get("/livez")
def live() -> Response:
    """200 as long as requests are answered."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> Response:
    """200 when the database takes pushes and the worker runs, else 503 with which of them does not."""
    context().store.check_ready()
    if not worker_is_alive(context().state):
        raise TryLater("the worker is not running", "Start `hookserver worker`; pushes are taken meanwhile.", 503, 10)
    return jsonify(status="ok")
