"""The SQLite file: how it is opened, and how its errors are translated.

A write that returns is on the disk: WAL with ``synchronous=FULL`` (https://sqlite.org/pragma.html#pragma_synchronous).
Every write takes its lock at once (``BEGIN IMMEDIATE``, https://sqlite.org/lang_transaction.html), so that a busy
database is noticed before the work, and what a transaction has read stays true until it writes.
"""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, select, table, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.sql import column

from hookserver.errors import StoreError
from hookserver.store.tables import REVISION

BUSY_TIMEOUT = 4.0
"""Seconds a call waits for another write before it raises StoreError."""


class Database:
    """Connections to one SQLite file. Every method raises StoreError in place of the library's errors."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = _open(path)
        self._writer = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one consistent state. Raises StoreError, in the block too."""
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, began: float | None = None) -> Iterator[Connection]:
        """A connection for one transaction: all or nothing, on the disk when the block ends.

        ``began``: when the caller began to wait, by ``time.monotonic()``; now, if it has not waited.

        The threads of a process queue here: SQLite's busy handler sleeps and retries without an order, so that some
        of them would starve (https://sqlite.org/c3ref/busy_timeout.html).

        Raises StoreError, in the block too, and when too many writes wait.
        """
        began = time.monotonic() if began is None else began
        if not self._writer.acquire(timeout=max(BUSY_TIMEOUT - (time.monotonic() - began), 0.0)):
            raise self.too_busy()
        try:
            left = BUSY_TIMEOUT - (time.monotonic() - began)
            with self._translated(), self._engine.connect() as plain:
                connection = plain.execution_options(begin="IMMEDIATE", patience=max(left, 0.0))
                with connection.begin():
                    yield connection
        finally:
            self._writer.release()

    def too_busy(self) -> StoreError:
        """The error for a write that has waited too long for others of this process."""
        return StoreError(f"the database {self.path}: too many writes wait", "Try again in some seconds.")

    def upgrade(self) -> None:
        """Bring the tables up to date, in a separate process, which frees Alembic's memory when it ends.

        Raises StoreError when they cannot be, as after a newer hookserver.
        """
        if self._revision() == REVISION:
            return
        done = subprocess.run(
            [sys.executable, "-P", "-m", "hookserver.store.migrations", str(self.path)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StoreError(
                f"the database {self.path} cannot be brought up to date: {done.stderr.strip().splitlines()[-1:]}",
                "If a newer hookserver used it, install that version; otherwise restore the database from a backup.",
            )

    def check(self) -> None:
        """Raise StoreError when the file is damaged."""
        with self.reading() as connection:
            result = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
        if result != "ok":
            raise StoreError(f"the database {self.path} is damaged: {result}", _RESTORE)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _revision(self) -> str | None:
        versions = table("alembic_version", column("version_num"))
        with self.reading() as connection:
            if not connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")).first():
                return None
            revision: str | None = connection.execute(select(versions.c.version_num)).scalar()
            return revision

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise StoreError(f"the database {self.path}: {error.orig}", _remedy(error.orig)) from error
        except SQLAlchemyError as error:
            raise StoreError(f"the database {self.path}: {error}", _RESTORE) from error


_RESTORE = (
    "The apps stay live. Stop hookserver, restore the file from a backup (or from the output of "
    "`sqlite3 FILE .recover`), and start it again."
)


def _remedy(cause: BaseException | None) -> str:
    message = str(cause)
    if "locked" in message:
        return "Another program has locked the database. Try again; `fuser FILE` shows which program has it open."
    if "full" in message or "disk I/O" in message:
        return "Free some disk space. Until then no push is accepted."
    if "unable to open" in message or "readonly" in message:
        return "Check that server.state_dir exists and that hookserver's user may write to it."
    return _RESTORE


def _open(path: Path) -> Engine:
    # mode=rw: SQLite creates no file, where a link of the web process's may lead; `prepare` has created the database.
    # isolation_level=None: Python's sqlite3 begins no transaction by itself, so that `_begin` can choose its kind.
    engine = create_engine(
        f"sqlite:///file:{quote(str(path))}?mode=rw&uri=true",
        connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT},
        pool_size=2,
        max_overflow=-1,
    )

    @event.listens_for(engine, "do_connect")
    def _refuse_links(*_: object) -> None:
        """The web process can put a link in the place of the database, which root would then write to."""
        try:
            found = path.lstat()
        except OSError as error:
            raise sqlite3.OperationalError(f"unable to open database file: {error.strerror}") from error
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            raise sqlite3.OperationalError(f"unable to open {path}: it is a link")

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        # SQLite checks foreign keys only where a connection asks for it: https://sqlite.org/foreignkeys.html#fk_enable
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql(f"PRAGMA busy_timeout={int(options.get('patience', BUSY_TIMEOUT) * 1000)}")
        connection.exec_driver_sql(f"BEGIN {options.get('begin', 'DEFERRED')}")

    return engine
