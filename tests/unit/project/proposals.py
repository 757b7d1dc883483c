"""Proposals for the projects of tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from hookserver.config import Loaded, parse
from hookserver.project import default_answers, inspect_project, render_settings


def proposed_settings(root: Path, **answers: Any) -> tuple[str, Loaded]:
    """The proposed settings file of the project in a folder, and its settings."""
    project = inspect_project(root)
    text = render_settings(project, replace(default_answers(project), **answers))
    return text, parse(text, root / "hookserver.toml")


def unwrapped(text: str) -> str:
    """The comments of a settings file as running text."""
    return " ".join(line.strip("# ") for line in text.splitlines())
