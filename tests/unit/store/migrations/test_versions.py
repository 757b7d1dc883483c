"""The migrations make exactly the tables that the store uses."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

import hookserver.store.migrations
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.store.tables import REVISION, metadata


def test_the_migrations_end_in_the_tables_of_the_store(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    store = Store(state)
    store.upgrade()
    store.close()
    engine = create_engine(f"sqlite:///{state.database}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_the_newest_migration_is_the_one_the_program_wants() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(hookserver.store.migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]
