from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from hookserver.builders.image_records import ImageRecord
from hookserver.builders.running.tools import build_tools
from hookserver.config import DockerSettings
from hookserver.errors import BuildError
from hookserver.state.state_dir import StateDir


def test_tools_raise_build_errors_and_label_for_the_installation(tmp_path: Path) -> None:
    settings = DockerSettings(host="tcp://127.0.0.1:1", subnet=IPv4Network("172.30.240.0/20"))
    tools = build_tools(settings, StateDir(tmp_path))
    with pytest.raises(BuildError, match="cannot connect to Docker: Docker does not answer"):
        tools.containers.remove_leftovers()
    assert tools.labels(ImageRecord("shop", 3, "image", "digest", mark="1f")) == {
        "hookserver.state_dir": str(tmp_path),
        "hookserver.role": "image",
        "hookserver.app": "shop",
        "hookserver.deploy": "3",
        "hookserver.mark": "1f",
    }
