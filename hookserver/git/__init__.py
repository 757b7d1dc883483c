"""Mirrors, checkouts of one commit, push repositories. The only room that imports GitPython."""

from hookserver.git.mirror import Mirror
from hookserver.git.push_repository import ensure_push_repository

__all__ = ["Mirror", "ensure_push_repository"]
