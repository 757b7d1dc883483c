"""The API's tokens. Only their hashes are stored."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from hookserver.errors import NotFound
from hookserver.store.base import StoreBase
from hookserver.store.tables import tokens


@dataclass(frozen=True)
class Token:
    """A token without its text. ``app`` is empty when the token is valid for all apps; times are Unix seconds."""

    name: str
    app: str
    created_at: float


class Tokens(StoreBase):
    """The part of the store about tokens."""

    def create_token(self, name: str, app: str = "") -> str:
        """Create a token and return its text, which cannot be read again. It replaces one of the same name.

        Raises StoreError.
        """
        text = f"hs_{secrets.token_urlsafe(30)}"
        with self._database.writing() as connection:
            connection.execute(delete(tokens).where(tokens.c.name == name))
            values = {"name": name, "app": app, "hash": _hash(text), "created_at": self._clock()}
            connection.execute(insert(tokens).values(values))
        return text

    def token_name(self, token: str, app: str) -> str | None:
        """The name of a token that is valid for the app; None when it is not. Raises StoreError."""
        query = select(tokens.c.name).where(tokens.c.hash == _hash(token), tokens.c.app.in_(("", app)))
        with self._database.reading() as connection:
            name: str | None = connection.execute(query).scalar()
            return name

    def tokens(self) -> list[Token]:
        """All tokens, sorted by name. Raises StoreError."""
        with self._database.reading() as connection:
            rows = connection.execute(select(tokens).order_by(tokens.c.name))
            return [Token(row.name, row.app, row.created_at) for row in rows]

    def revoke_token(self, name: str) -> None:
        """Delete the token. Raises NotFound for an unknown name, StoreError."""
        with self._database.writing() as connection:
            if not connection.execute(delete(tokens).where(tokens.c.name == name)).rowcount:
                raise NotFound(f"there is no token {name!r}", "See `hookserver token list`.")


def _hash(token: str) -> str:
    """A fast hash without a salt is enough: nobody can guess 30 random bytes."""
    return hashlib.sha256(token.encode()).hexdigest()
