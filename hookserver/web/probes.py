"""``/livez`` and ``/readyz``: whether this process answers, and whether a push would be deployed."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from hookserver.state.worker_lock import worker_is_alive
from hookserver.web.context import context
from hookserver.web.errors import TryLater

blueprint = Blueprint("probes", __name__)


@blueprint.get("/livez")
def live() -> Response:
    """200 while this process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> Response:
    """200 when pushes can be stored and the worker runs, else 503 with the one that is missing.

    Raises StoreError, and TryLater when no worker runs.
    """
    context().store.check_ready()
    if not worker_is_alive(context().state):
        raise TryLater("the worker is not running", "Start `hookserver worker`; pushes are taken meanwhile.", 503, 10)
    return jsonify(status="ok")
