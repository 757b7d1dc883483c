"""All SQL: the queue of pushes, the deploys, releases, locks and tokens, in one SQLite file."""

from hookserver.store.store import Queued, Store, Token

__all__ = ["Queued", "Store", "Token"]
