"""The images that builds of this installation have made, by their ids: a file for each, below ``<state_dir>/images``.

An image is known by its id only. Its labels prove nothing: a Dockerfile can set any, and ``FROM`` inherits those of its
base image (https://docs.docker.com/reference/dockerfile/#label).
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from hookserver.errors import BuildError
from hookserver.state.atomic_write import OWNER_ONLY, write_atomically


@dataclass(frozen=True)
class ImageRecord:
    """An image of ``app``, made in ``deploy``; ``role`` is that of its label, ``key`` the digest of all it is made of.

    ``mark`` is random, and the value of the image's label ``hookserver.mark``. ``name`` is the image's name without a
    tag, empty for a base of other images; ``parent`` the id of the image that it was made on. ``facts`` are what was
    read from the libraries in a layer. ``image`` is empty until the image exists.
    """

    app: str
    deploy: int
    role: str
    key: str
    name: str = ""
    parent: str = ""
    facts: Mapping[str, Any] | None = None
    mark: str = field(default_factory=lambda: secrets.token_hex(8))
    made_at: float = field(default_factory=time.time)
    image: str = ""


class ImageRecords:
    """The records below ``folder``. Every method raises BuildError when a file cannot be read, written or removed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, record: ImageRecord) -> ImageRecord:
        """Store the record of an image that is about to be made: if we are killed, it is found by its mark."""
        self._write(record)
        return record

    def finish(self, record: ImageRecord, image: str) -> str:
        """Store the id of the image, which exists now; the same id."""
        self._write(replace(record, image=image))
        return image

    def made(self, app: str) -> list[ImageRecord]:
        """The app's images, the newest first."""
        return sorted((one for one in self._read(app) if one.image), key=lambda one: one.made_at, reverse=True)

    def find(self, app: str, role: str, key: str) -> list[ImageRecord]:
        """The app's images with this role and this digest, the newest first."""
        return [one for one in self.made(app) if (one.role, one.key) == (role, key)]

    def unfinished(self, deploy: int | None = None) -> list[ImageRecord]:
        """What was begun and not finished in a deploy that has ended; ``None``: in every deploy."""
        return [one for one in self._read("*") if not one.image and deploy in (None, one.deploy)]

    def remove(self, record: ImageRecord) -> None:
        """Forget an image that is gone."""
        try:
            self._file(record).unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    def _file(self, record: ImageRecord) -> Path:
        return self._folder / record.app / f"{record.mark}.json"

    def _write(self, record: ImageRecord) -> None:
        file = self._file(record)
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(file, json.dumps(asdict(record)), mode=OWNER_ONLY, durable=True)
        except OSError as error:
            raise self._unusable(error) from error

    def _read(self, app: str) -> list[ImageRecord]:
        records = []
        for file in self._folder.glob(f"{app}/*.json"):
            try:
                records.append(ImageRecord(**json.loads(file.read_bytes())))
            except FileNotFoundError:  # another process has removed it meanwhile
                continue
            except (OSError, ValueError, TypeError) as error:
                raise self._unusable(f"{file.name}: {error}") from error
        return records

    def _unusable(self, problem: object) -> BuildError:
        return BuildError(
            f"the records of images in {self._folder} cannot be used: {problem}",
            "Check the disk and the folder's owner; a file that is damaged may be removed, its image is built again.",
        )
