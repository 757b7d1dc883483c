"""The API's tokens. Only their hashes are stored."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, exists, insert, or_, select, update

from hookserver.errors import NotFound, Refused
from hookserver.models import Scope
from hookserver.store.base import StoreBase
from hookserver.store.tables import tokens


@dataclass(frozen=True)
class Token:
    """A token without its text. ``app`` is empty when the token is valid for all apps; times are Unix seconds.

    ``expires_at`` is None for a token without an end, ``used_at`` for one that was never used.
    """

    name: str
    app: str
    scope: Scope
    created_at: float
    expires_at: float | None = None
    used_at: float | None = None

    def is_for(self, app: str) -> bool:
        """Whether the token is valid for this app."""
        return self.app in ("", app)


class Tokens(StoreBase):
    """The part of the store about tokens."""

    def create_token(self, name: str, app: str = "", scope: Scope = Scope.DEPLOY, expires: float | None = None) -> str:
        """Create a token and return its text, which cannot be read again. ``expires``: seconds from now.

        Raises Refused when a token has that name: whoever uses that one would be locked out. StoreError.
        """
        text, now = f"hs_{secrets.token_urlsafe(30)}", self._clock()
        values = {"name": name, "app": app, "scope": scope, "hash": _hash(text), "created_at": now}
        values["expires_at"] = None if expires is None else now + expires
        with self._database.writing() as connection:
            if connection.execute(select(exists().where(tokens.c.name == name))).scalar():
                raise Refused(
                    f"there is a token {name!r} already",
                    f"Choose another name, or revoke it first: hookserver token revoke {name}",
                )
            connection.execute(insert(tokens).values(values))
        return text

    def find_token(self, text: str) -> Token | None:
        """The token with this text; None when there is none, or when it has expired. Raises StoreError."""
        is_valid = or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > self._clock())
        with self._database.reading() as connection:
            row = connection.execute(select(tokens).where(tokens.c.hash == _hash(text), is_valid)).first()
            return _to_token(row) if row else None

    def record_use(self, token: Token) -> None:
        """Record that the token is used now. Raises StoreError."""
        same = (tokens.c.name == token.name, tokens.c.created_at == token.created_at)
        with self._database.writing() as connection:
            connection.execute(update(tokens).where(*same).values(used_at=self._clock()))

    def tokens(self) -> list[Token]:
        """All tokens, sorted by name, expired ones too. Raises StoreError."""
        with self._database.reading() as connection:
            return [_to_token(row) for row in connection.execute(select(tokens).order_by(tokens.c.name))]

    def revoke_token(self, name: str) -> None:
        """Delete the token. Raises NotFound for an unknown name, StoreError."""
        with self._database.writing() as connection:
            if not connection.execute(delete(tokens).where(tokens.c.name == name)).rowcount:
                raise NotFound(f"there is no token {name!r}", "See `hookserver token list`.")


def _to_token(row: Row[Any]) -> Token:
    return Token(row.name, row.app, Scope(row.scope), row.created_at, row.expires_at, row.used_at)


def _hash(token: str) -> str:
    """A fast hash without a salt is enough: nobody can guess 30 random bytes."""
    return hashlib.sha256(token.encode()).hexdigest()
