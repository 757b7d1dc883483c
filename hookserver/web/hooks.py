"""``POST /hooks/<app>``: push webhooks of the forges."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from flask import Blueprint, Response, jsonify, request

from hookserver import forges
from hookserver.config import AppSettings
from hookserver.forges import Forge, Ignored, generic
from hookserver.models import Push, Scope, Status, Trigger
from hookserver.web import auth, body
from hookserver.web.context import context

BODY_LIMIT = 25 << 20
"""Bytes; GitHub's own limit: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap"""
blueprint = Blueprint("hooks", __name__)
_log = logging.getLogger(__name__)


@blueprint.post("/hooks/<name>")
def receive(name: str) -> Response:
    """Verify the call, parse it, store the push. Only a 202 means that a deploy is queued."""
    content = body.read(BODY_LIMIT)
    headers = {header.lower(): value for header, value in request.headers.items()}
    app, forge = _verified(name, headers, content)
    push = forge.parse(headers, content)
    if isinstance(push, Ignored):
        return jsonify(status="ignored", reason=push.reason)
    if push.branch != app.branch:
        return jsonify(status="ignored", reason=f"{app.name} deploys {app.branch}, not {push.branch}")
    queued = context().store.enqueue(Push(app.name, Trigger.WEBHOOK, delivery=push.delivery, by=push.by))
    if queued.duplicate:
        return jsonify(status="duplicate", deploy=queued.deploy, reason="this delivery is already stored")
    _log.info("deploy %d of %s queued by a webhook", queued.deploy, app.name)
    response = jsonify(status=Status.QUEUED, deploy=queued.deploy)
    response.status_code = 202
    return response


def _verified(name: str, headers: Mapping[str, str], content: bytes) -> tuple[AppSettings, Forge]:
    """The app, and the forge that signed this call.

    An unknown app, an app without a secret and a wrong signature get the same answer after the same work. A sender that
    is none of the forges may send a token instead of a signature.

    Raises Unauthorized, TryLater.
    """
    app = context().settings.apps.get(name)
    forge = forges.find(headers)
    if forge is None and auth.bearer():
        auth.caller(name, Scope.DEPLOY)
        forge = generic
    elif forge is None or not forge.is_signed(headers, content, context().secrets(app)):
        auth.refuse(*_REFUSED)
    if app is None:
        auth.refuse(*_REFUSED)
    return app, forge


_REFUSED = (
    "no valid signature",
    "Are the app's name in the address and the webhook's secret right? The secret is the app's webhook_secret.",
)
