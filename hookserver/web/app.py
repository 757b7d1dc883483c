"""The Flask application."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Flask, Response
from flask.json.provider import JSONProvider

from hookserver.config import Settings
from hookserver.store import Store
from hookserver.web import api, errors, hooks, log_stream, probes
from hookserver.web.context import Context
from hookserver.web.current import CurrentSettings


class _Json(JSONProvider):
    """One line with a line end, as a terminal likes it, and keys in the order in which they were written."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return json.dumps(obj, **kwargs) + "\n"

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return json.loads(s, **kwargs)


class _App(Flask):
    """Answers the methods that a route names, and no OPTIONS of its own."""

    def add_url_rule(self, *args: Any, **options: Any) -> None:
        super().add_url_rule(*args, **{**options, "provide_automatic_options": False})


def create_app(settings: Settings, store: Store, reread: Callable[[Settings], Settings] = lambda same: same) -> Flask:
    """Everything of design §8 over ``store``, which must be up to date and know the apps.

    ``reread`` answers the settings that take the place of those given, once the worker has taken up others.
    """
    app = _App("hookserver", static_folder=None, template_folder=None)
    app.json = _Json(app)
    app.extensions["hookserver"] = Context(CurrentSettings(settings, store, reread), store)
    app.register_blueprint(hooks.blueprint)
    app.register_blueprint(probes.blueprint)
    app.register_blueprint(api.blueprint, url_prefix="/api/v1")
    app.register_blueprint(log_stream.blueprint, url_prefix="/api/v1")
    errors.register(app)
    app.after_request(_guard)
    return app


def _guard(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
