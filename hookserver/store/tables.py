"""The tables, as ``migrations/`` creates them; a test compares the two."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, text

REVISION = "0001"
"""The newest migration. A database must be at this revision."""

metadata = MetaData()

apps = Table(
    "apps",
    metadata,
    Column("name", String, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("live", Integer),
    Column("tip_seen", String, nullable=False, server_default=""),
    Column("last_turn", Integer, nullable=False, server_default="0"),
    Column("lock_reason", String),
    Column("lock_by", String),
    Column("lock_at", Float),
)

deploys = Table(
    "deploys",
    metadata,
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
    sqlite_autoincrement=True,  # the number of a deleted row is never used again: https://sqlite.org/autoinc.html
)
Index("deploys_app", deploys.c.app, deploys.c.number)
Index("deploys_delivery", deploys.c.app, deploys.c.delivery, unique=True)
Index(
    "deploys_one_waiting",
    deploys.c.app,
    unique=True,
    sqlite_where=text("status = 'queued'"),
)
Index(
    "deploys_one_in_progress",
    deploys.c.app,
    unique=True,
    sqlite_where=text("started_at IS NOT NULL AND ended_at IS NULL"),
)

steps = Table(
    "steps",
    metadata,
    Column("deploy", Integer, ForeignKey("deploys.number"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("step", String, primary_key=True),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("outcome", String),
)

releases = Table(
    "releases",
    metadata,
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
Index("releases_app", releases.c.app, releases.c.deploy)
Index("releases_running", releases.c.app, sqlite_where=text("retired_at IS NULL"))

tokens = Table(
    "tokens",
    metadata,
    Column("name", String, primary_key=True),
    Column("app", String, nullable=False, server_default=""),
    Column("scope", String, nullable=False),
    Column("hash", String, nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),
    Column("used_at", Float),
)

settings = Table(
    "settings",
    metadata,
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
