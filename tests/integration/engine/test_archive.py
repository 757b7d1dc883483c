from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.engine.archive import open_archive, read_file
from hookserver.engine.client import Engine
from hookserver.engine.temporary import TemporaryContainers
from tests.integration.engine.conftest import MakeImage


def test_files_of_a_container_that_never_ran_are_read(engine: Engine, make_image: MakeImage, tmp_path: Path) -> None:
    image = make_image({"conf/a.xml": b"<a/>", "conf/link.xml": Path("a.xml"), "conf/large": b"x" * 100})
    containers = TemporaryContainers(engine, tmp_path)
    with containers.create("shop", 1, image, "read", entrypoint=["none"]) as container:
        assert read_file(engine, container, "/conf/a.xml", 100) == b"<a/>"
        assert read_file(engine, container, "/conf/link.xml", 100) == b"<a/>"
        assert read_file(engine, container, "/conf/large", 99) == b""
        assert read_file(engine, container, "/conf/none", 100) == b""
        assert read_file(engine, container, "/conf", 100) == b""
        with open_archive(engine, container, "/conf/.") as archive:
            assert {entry.name for entry in archive} >= {"./a.xml", "./link.xml", "./large"}
        with pytest.raises(FileNotFoundError), open_archive(engine, container, "/none"):
            pass
    containers.wait_removed()
