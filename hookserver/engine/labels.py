"""The labels of everything that hookserver makes in Docker."""

from __future__ import annotations

STATE_DIR = "hookserver.state_dir"
APP = "hookserver.app"
DEPLOY = "hookserver.deploy"
COMMIT = "hookserver.commit"
IMAGE = "hookserver.image"
BUILD = "hookserver.build"
LIBRARY = "hookserver.library"
FACTS = "hookserver.facts"
ROLE = "hookserver.role"
SLOT = "hookserver.slot"
REPLICA = "hookserver.replica"
REPLICAS = "hookserver.replicas"
ROUTE = "hookserver.route"
