"""The web process: webhooks, the API, logs that are followed. It stores pushes; the worker deploys them."""

from hookserver.web.app import create_app

__all__ = ["create_app"]
