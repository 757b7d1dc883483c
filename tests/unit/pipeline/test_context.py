"""What the steps of a deploy are told of the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hookserver.config import Settings
from hookserver.errors import DeployFailed
from hookserver.pipeline.context import Parts


def test_an_app_that_the_settings_in_force_do_not_have_is_told_with_the_way_to_take_it_up(tmp_path: Path) -> None:
    nothing: Any = None
    parts = Parts(Settings.model_validate({"server": {"state_dir": tmp_path}}), {}, nothing, nothing, nothing, nothing)
    with pytest.raises(DeployFailed, match="in force have no app 'blog'") as raised:
        parts.app("blog")
    assert "`hookserver apply`" in raised.value.remedy
