"""The migrations of the database (Alembic), oldest first."""
