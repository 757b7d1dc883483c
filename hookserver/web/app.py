"""The Flask application."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Flask, Response
from flask.json.provider import JSONProvider

from hookserver.config import Settings
from hookserver.store import Store
from hookserver.web import api, errors, hooks, log_stream, openapi, probes
from hookserver.web.context import WebContext
from hookserver.web.current import CurrentSettings


class _Json(JSONProvider):
    """One line with a line end, which a terminal needs, and keys in the order in which they were written."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return json.dumps(obj, **kwargs) + "\n"

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return json.loads(s, **kwargs)


def create_app(settings: Settings, store: Store, reread: Callable[[Settings], Settings] = lambda same: same) -> Flask:
    """The WSGI application. ``store`` must be up to date and have a row for each app.

    ``reread`` is called with the current settings once the worker has applied changed ones, and returns the new ones.
    """
    app = Flask("hookserver", static_folder=None, template_folder=None)
    # A route answers only the methods that it names.
    # https://flask.palletsprojects.com/en/stable/config/#PROVIDE_AUTOMATIC_OPTIONS
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.json = _Json(app)
    app.extensions["hookserver"] = WebContext(CurrentSettings(settings, store, reread), store)
    app.register_blueprint(hooks.blueprint)
    app.register_blueprint(probes.blueprint)
    app.register_blueprint(openapi.blueprint)
    app.register_blueprint(api.blueprint, url_prefix="/api/v1")
    app.register_blueprint(log_stream.blueprint, url_prefix="/api/v1")
    errors.register(app)
    app.after_request(_add_headers)
    return app


def _add_headers(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
