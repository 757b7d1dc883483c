from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.builders.running.cache import write_cached
from hookserver.errors import BuildError


def test_cached_file_is_readable_by_everyone_and_replaces_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "bases" / "a.json"
    for content in (b"1", b"2"):
        write_cached(file, content)
        assert file.read_bytes() == content
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(file.parent.iterdir()) == [file]


def test_folder_that_cannot_be_made_is_refused_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "bases").write_text("no folder")
    with pytest.raises(BuildError, match=r"bases/a\.json cannot be written"):
        write_cached(tmp_path / "bases" / "a.json", b"1")
