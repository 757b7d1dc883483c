"""What faces the network: webhooks, the API, the log as it is written. It stores pushes; it deploys nothing itself."""

from hookserver.web.app import create_app

__all__ = ["create_app"]
