"""Alembic's entry. Of two processes that start at once, the second waits and finds nothing left to do."""

from alembic import context
from sqlalchemy import create_engine

from hookserver.store.tables import metadata

engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "", connect_args={"timeout": 30})
with engine.connect() as connection:
    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    connection.exec_driver_sql("BEGIN EXCLUSIVE")
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    context.run_migrations()
    connection.commit()
engine.dispose()
