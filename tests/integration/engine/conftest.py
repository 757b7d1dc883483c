"""A real engine, and images of a few files that are made in it and removed at the end."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from docker.errors import ImageNotFound

from hookserver.engine.client import Engine
from hookserver.errors import BuildError

MakeImage = Callable[..., str]


@pytest.fixture
def engine() -> Iterator[Engine]:
    connected = Engine("", error=BuildError)
    yield connected
    connected.close()


@pytest.fixture
def make_image(engine: Engine, tmp_path: Path) -> Iterator[MakeImage]:
    """Makes an image of files, and of symlinks where the content is a path; its labels include this test's folder."""
    made: list[str] = []

    def make(files: Mapping[str, bytes | Path], **labels: str) -> str:
        spool = io.BytesIO()
        with tarfile.open(fileobj=spool, mode="w") as archive:
            for name, content in files.items():
                entry = tarfile.TarInfo(name)
                if isinstance(content, Path):
                    entry.type, entry.linkname = tarfile.SYMTYPE, str(content)
                    archive.addfile(entry)
                else:
                    entry.size = len(content)
                    archive.addfile(entry, io.BytesIO(content))
        all_labels = {"hookserver.state_dir": str(tmp_path), **{f"hookserver.{key}": v for key, v in labels.items()}}
        changes = [f'LABEL {key}="{value}"' for key, value in all_labels.items()]
        answer = engine.api.import_image_from_data(spool.getvalue(), changes=changes)
        made.append(json.loads(answer.splitlines()[-1])["status"])
        return made[-1]

    yield make
    for image in made:
        try:
            engine.api.remove_image(image, force=True)
        except ImageNotFound:
            continue
