"""The first tables."""

from alembic import op
from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, String, text

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_apps()
    _create_deploys()
    _create_steps()
    _create_releases()
    _create_tokens()
    _create_settings()


def _create_apps() -> None:
    op.create_table(
        "apps",
        Column("name", String, primary_key=True),
        Column("number", Integer, nullable=False, unique=True),
        Column("live", Integer),
        Column("tip_seen", String, nullable=False, server_default=""),
        Column("last_turn", Integer, nullable=False, server_default="0"),
        Column("lock_reason", String),
        Column("lock_by", String),
        Column("lock_at", Float),
    )


def _create_deploys() -> None:
    op.create_table(
        "deploys",
        Column("number", Integer, primary_key=True),
        Column("app", String, ForeignKey("apps.name"), nullable=False),
        Column("status", String, nullable=False),
        Column("trigger", String, nullable=False),
        Column("requested_commit", String, nullable=False, server_default=""),
        Column("commit", String, nullable=False, server_default=""),
        Column("rebuild", Boolean, nullable=False, server_default="0"),
        Column("rollback_to", Integer),
        Column("by", String, nullable=False, server_default=""),
        Column("delivery", String),
        Column("step", String),
        Column("reason", String, nullable=False, server_default=""),
        Column("superseded_by", Integer),
        Column("attempt", Integer, nullable=False, server_default="0"),
        Column("cancel_requested", Boolean, nullable=False, server_default="0"),
        Column("visitors_lost", Integer),
        Column("queued_at", Float, nullable=False),
        Column("started_at", Float),
        Column("live_at", Float),
        Column("ended_at", Float),
        sqlite_autoincrement=True,
    )
    op.create_index("deploys_app", "deploys", ["app", "number"])
    op.create_index("deploys_delivery", "deploys", ["app", "delivery"], unique=True)
    op.create_index("deploys_one_waiting", "deploys", ["app"], unique=True, sqlite_where=text("status = 'queued'"))
    in_progress = text("started_at IS NOT NULL AND ended_at IS NULL")
    op.create_index("deploys_one_in_progress", "deploys", ["app"], unique=True, sqlite_where=in_progress)


def _create_steps() -> None:
    op.create_table(
        "steps",
        Column("deploy", Integer, ForeignKey("deploys.number"), primary_key=True),
        Column("attempt", Integer, primary_key=True),
        Column("step", String, primary_key=True),
        Column("started_at", Float, nullable=False),
        Column("ended_at", Float),
        Column("outcome", String),
    )


def _create_releases() -> None:
    op.create_table(
        "releases",
        Column("deploy", Integer, ForeignKey("deploys.number"), primary_key=True),
        Column("app", String, ForeignKey("apps.name"), nullable=False),
        Column("commit", String, nullable=False),
        Column("image", String, nullable=False),
        Column("slot", String, nullable=False),
        Column("replicas", Integer, nullable=False),
        Column("settings", String, nullable=False, server_default="{}"),
        Column("live_at", Float),
        Column("retire_at", Float),
        Column("retired_at", Float),
        Column("sticky_until", Float),
        Column("visitors", Integer),
    )
    op.create_index("releases_app", "releases", ["app", "deploy"])
    op.create_index("releases_running", "releases", ["app"], sqlite_where=text("retired_at IS NULL"))


def _create_tokens() -> None:
    op.create_table(
        "tokens",
        Column("name", String, primary_key=True),
        Column("app", String, nullable=False, server_default=""),
        Column("scope", String, nullable=False),
        Column("hash", String, nullable=False, unique=True),
        Column("created_at", Float, nullable=False),
        Column("expires_at", Float),
        Column("used_at", Float),
    )


def _create_settings() -> None:
    op.create_table(
        "settings",
        Column("id", Integer, primary_key=True),
        Column("salt", String, nullable=False),
        Column("requested", Integer, nullable=False, server_default="0"),
        Column("loaded", Integer, nullable=False, server_default="0"),
        Column("version", Integer, nullable=False, server_default="0"),
        Column("applied", Integer, nullable=False, server_default="0"),
        Column("message", String, nullable=False, server_default=""),
        Column("retire", String, nullable=False, server_default="[]"),
        Column("effective_settings", String, nullable=False, server_default="{}"),
    )
    op.execute("INSERT INTO settings (id, salt) VALUES (1, lower(hex(randomblob(16))))")
