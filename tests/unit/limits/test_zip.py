"""Zip files of strangers."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.limits.zip import DAMAGED, ENTRIES, TooManyEntries, open_zip


def packed(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return file.getvalue()


def directory(count: int, told: int) -> bytes:
    """A zip file of this many entries, which says that it has ``told``; the smallest that ``zipfile`` reads."""
    entry = b"PK\x01\x02" + bytes(24) + struct.pack("<HHHHHLL", 1, 0, 0, 0, 0, 0, 0) + b"a"
    entries = entry * count
    return entries + b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, told, told, len(entries), 0, 0)


def test_entries_are_those_of_the_file() -> None:
    with open_zip(io.BytesIO(packed("a", "b/c"))) as archive:
        assert archive.namelist() == ["a", "b/c"]
        assert archive.read("b/c") == b"b/c"


def test_zip_inside_a_zip_is_read() -> None:
    inner = packed(*map(str, range(100)))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.zip", inner[inner.index(b"PK\x01\x02") :])
    with open_zip(file) as archive:
        assert len(archive.read("a.zip")) > 1000


@pytest.mark.parametrize(("count", "told"), [(ENTRIES + 1, 1), (ENTRIES + 1, 65535), (892_405, 1)])
def test_too_many_entries_are_refused_before_they_are_read(count: int, told: int) -> None:
    file = io.BytesIO(directory(count, told))
    tracemalloc.start()
    try:
        with (
            pytest.raises(TooManyEntries, match=r"more than 100000 entries|a list of entries of 39 MB"),
            open_zip(file),
        ):
            pass
        assert tracemalloc.get_traced_memory()[1] < 2 * len(file.getvalue())
    finally:
        tracemalloc.stop()


def test_as_many_entries_as_allowed_are_read() -> None:
    with open_zip(io.BytesIO(directory(ENTRIES, 1))) as archive:
        assert len(archive.infolist()) == ENTRIES


def test_huge_list_of_entries_is_not_read() -> None:
    end = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 1, 1, 0xFFFFFFF0, 0, 0)

    with pytest.raises(DAMAGED), open_zip(io.BytesIO(end)):
        pass


@given(st.binary(max_size=300), st.binary(max_size=50))
def test_any_bytes_are_a_zip_or_damaged(start: bytes, noise: bytes) -> None:
    data = bytearray(packed("a", "b") if len(start) % 2 else directory(2, 2))
    data[len(start) % len(data) : len(start) % len(data) + len(noise)] = noise
    for content in (start, bytes(data)):
        with suppress(*DAMAGED), open_zip(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as opened:
                    opened.read(1000)
