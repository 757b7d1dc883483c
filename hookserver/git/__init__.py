"""Mirrors, checkouts of one commit, push repositories. The only room that imports GitPython."""

from hookserver.git.mirror import Mirror
from hookserver.git.push_repository import PushRepository

__all__ = ["Mirror", "PushRepository"]
