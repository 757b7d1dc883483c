"""Settings as text, what they become, and the mistakes in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import Settings, parse
from hookserver.errors import SettingsError

APP = '[apps.shop]\nrepository = "push"\ndomains = ["shop.example.com"]\n'
BLOG = '\n[apps.blog]\nrepository = "push"\ndomains = ["blog.example.com"]\n'


def mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse(text, Path("hookserver.toml"))
    return caught.value.mistakes


def settings(text: str = "") -> Settings:
    return parse(APP + text, Path("hookserver.toml")).settings
