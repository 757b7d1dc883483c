"""The API's tokens: only their hashes are kept."""

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
    """Who may use the API; ``app`` is empty for all apps."""

    name: str
    app: str
    created_at: float


class Tokens(StoreBase):
    """The part of the store about tokens."""

    def create_token(self, name: str, app: str = "") -> str:
        """A new API token, shown this once; a token of the same name is replaced."""
        text = f"hs_{secrets.token_urlsafe(30)}"
        with self._database.writing() as connection:
            connection.execute(delete(tokens).where(tokens.c.name == name))
            values = {"name": name, "app": app, "hash": _hash(text), "created_at": self._clock()}
            connection.execute(insert(tokens).values(values))
        return text

    def token_name(self, token: str, app: str) -> str | None:
        """Whose valid token this is, for that app; None: it is not valid there."""
        query = select(tokens.c.name).where(tokens.c.hash == _hash(token), tokens.c.app.in_(("", app)))
        with self._database.reading() as connection:
            name: str | None = connection.execute(query).scalar()
            return name

    def tokens(self) -> list[Token]:
        """All tokens, without their text."""
        with self._database.reading() as connection:
            rows = connection.execute(select(tokens).order_by(tokens.c.name))
            return [Token(row.name, row.app, row.created_at) for row in rows]

    def revoke_token(self, name: str) -> None:
        """The token is valid no more."""
        with self._database.writing() as connection:
            if not connection.execute(delete(tokens).where(tokens.c.name == name)).rowcount:
                raise NotFound(f"there is no token {name!r}", "See `hookserver token list`.")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
