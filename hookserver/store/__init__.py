"""All SQL: the queue of pushes, deploys, releases, settings, locks and tokens, in one SQLite file."""

from hookserver.store.effective_settings import EffectiveSettings
from hookserver.store.queue import Queued
from hookserver.store.store import Store
from hookserver.store.tokens import Token

__all__ = ["EffectiveSettings", "Queued", "Store", "Token"]
