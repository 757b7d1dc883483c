"""What the steps of a deploy are told of the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hookserver.config import Settings
from hookserver.errors import DeployFailed
from hookserver.pipeline.context import Context


def test_an_app_that_the_effective_settings_lack_is_refused_with_the_command_that_applies_it(tmp_path: Path) -> None:
    nothing: Any = None
    context = Context(
        Settings.model_validate({"server": {"state_dir": tmp_path}}), {}, nothing, nothing, nothing, nothing
    )
    with pytest.raises(DeployFailed, match="the effective settings have no app 'blog'") as raised:
        context.app_settings("blog")
    assert "`hookserver apply`" in raised.value.remedy
