"""``python -m hookserver.store.migrations DATABASE`` brings a database up to date."""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config


def upgrade(database: Path) -> None:
    """Run every migration that the database has not seen."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("sqlalchemy.url", f"sqlite:///{database}".replace("%", "%%"))
    command.upgrade(config, "head")


if __name__ == "__main__":
    upgrade(Path(sys.argv[1]))
