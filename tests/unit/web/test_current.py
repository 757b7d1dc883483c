"""The web process follows the settings that the worker uses."""

from __future__ import annotations

import time

import pytest

from hookserver.config import Settings
from hookserver.errors import SettingsError
from hookserver.store import Store
from hookserver.web import current
from hookserver.web.current import CurrentSettings


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current, "CHECK_EVERY", 0.0)


def test_file_is_read_again_once_the_worker_has_applied_it(settings: Settings, store: Store) -> None:
    reads: list[float] = []

    def reread(_: Settings) -> Settings:
        reads.append(time.monotonic())
        return settings.model_copy(update={"apps": {}})

    followed = CurrentSettings(settings, store, reread)
    store.set_effective_settings(0, {"apps": {"shop": {}}})
    assert followed.now().apps == {}
    followed.now()
    assert len(reads) == 1
    store.set_effective_settings(1, {"apps": {"shop": {}}})
    followed.now()
    assert len(reads) == 2


def test_file_with_mistakes_leaves_the_settings_as_they_are(settings: Settings, store: Store) -> None:
    def wrong(_: Settings) -> Settings:
        raise SettingsError("hookserver.toml", ["apps.shop: wrong"])

    followed = CurrentSettings(settings, store, wrong)
    store.set_effective_settings(0, {"apps": {"shop": {}}})
    assert followed.now() is settings
