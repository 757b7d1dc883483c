"""Tar files of strangers."""

from __future__ import annotations

import io
import tarfile
import time
import tracemalloc
from collections.abc import Callable, Iterable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.limits.tar import NAME, RefusedTar, read_tar


class Stream(io.BytesIO):
    """A file that cannot seek, as an answer of Docker."""

    def seekable(self) -> bool:
        return False


def packed(*entries: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for entry, content in entries:
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def info(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, **more: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.size = kind, size
    for key, value in more.items():
        setattr(made, key, value)
    return made


def header(name: str, kind: bytes, size: int) -> bytes:
    """A header without content, whatever it says."""
    return info(name, kind, size).tobuf(tarfile.GNU_FORMAT)


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1, max_size=300)


@given(
    st.lists(st.tuples(NAMES, st.binary(max_size=2000)), max_size=5),
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    st.sampled_from([io.BytesIO, Stream]),
)
def test_entries_are_read_as_tarfile_writes_them(
    files: list[tuple[str, bytes]], form: int, stream: Callable[[bytes], io.BytesIO]
) -> None:
    data = packed(*((info(name, size=len(content), mode=0o640, uid=5), content) for name, content in files), form=form)
    read = [(entry.name, entry.kind, entry.mode, entry.uid, entry.read()) for entry in read_tar(stream(data))]

    assert read == [(name, "file", 0o640, 5, content) for name, content in files]


@pytest.mark.parametrize("stream", [io.BytesIO, Stream])
def test_content_that_is_not_read_is_skipped(stream: Callable[[bytes], io.BytesIO]) -> None:
    data = packed((info("a", size=1000), b"a" * 1000), (info("b", tarfile.DIRTYPE), b""), (info("c", size=3), b"ccc"))
    entries = read_tar(stream(data))

    assert [next(entries).name, next(entries).kind, next(entries).read()] == ["a", "folder", b"ccc"]
    assert list(entries) == []


def test_links_and_devices_have_their_kinds() -> None:
    kinds = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
    data = packed(*((info("a", kind, linkname="/etc/passwd"), b"") for kind in kinds))

    assert [entry.kind for entry in read_tar(io.BytesIO(data))] == ["link", "link", "device", "device", "device"]


def sparse() -> bytes:
    """Old GNU format: a map of one byte at the end of a file of a petabyte."""
    block = bytearray(header("a.war", tarfile.GNUTYPE_SPARSE, 1))
    block[386:398] = b"%011o\0" % ((1 << 33) - 1)
    block[398:410] = b"%011o\0" % 1
    block[483:495] = b"\x80" + (1 << 50).to_bytes(11, "big")
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + b"x".ljust(512, b"\0") + bytes(1024)


HOSTILE = {
    "sparse": (sparse(), "a.war is a sparse"),
    "sparse in pax": (
        packed((info("a", size=1, pax_headers={"GNU.sparse.major": "1", "GNU.sparse.realsize": "9" * 15}), b"x")),
        "a is a sparse",
    ),
    "long name": (header("././@LongLink", tarfile.GNUTYPE_LONGNAME, 150 << 20) + bytes(10 << 20), "157286400 bytes"),
    "long pax": (header("x", tarfile.XHDTYPE, 150 << 20) + bytes(10 << 20), "157286400 bytes"),
    "name in pax": (packed((info("a", pax_headers={"path": "x" * 5000}), b"")), "without a valid size or name"),
    "size in pax": (packed((info("a", pax_headers={"size": "-5"}), b"")), "without a valid size or name"),
    "long size in pax": (packed((info("a", pax_headers={"size": "9" * 5000}), b"")), "without a valid size or name"),
    "negative size": (header("a", tarfile.REGTYPE, -5), "without a valid size or name"),
    "petabyte": (header("a", tarfile.REGTYPE, 1 << 50) + bytes(1024), "more than 4096 MB"),
    "short": (header("a", tarfile.REGTYPE, 1 << 30) + bytes(1024), "ends early"),
    "many": (header("a", tarfile.REGTYPE, 0) * 1_001, "more than 1000 entries"),
    "many names": (
        (header("././@LongLink", tarfile.GNUTYPE_LONGNAME, 2) + b"a".ljust(512, b"\0")) * 1_001,
        "more than 1000 entries",
    ),
    "records": (
        header("x", tarfile.XHDTYPE, 250 << 10) + b"5 a=\n" * (50 << 10),
        "ends early",
    ),
    "no tar": (b"x" * 1024, "a damaged header"),
    "unknown": (header("a", b"Z", 5) + bytes(1024), "unknown kind"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("stream", [io.BytesIO, Stream])
def test_hostile_tar_is_refused_in_little_memory(name: str, stream: Callable[[bytes], io.BytesIO]) -> None:
    data, problem = HOSTILE[name]
    file = stream(data)
    tracemalloc.start()
    started = time.monotonic()
    try:
        with pytest.raises(RefusedTar, match=problem):
            _exhaust(read_tar(file, entries=1000))
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert time.monotonic() - started < 60


@given(st.binary(max_size=2000))
def test_any_bytes_are_entries_or_refused(data: bytes) -> None:
    with suppress(RefusedTar):
        _exhaust(read_tar(io.BytesIO(data)))


BLOCKS = st.builds(
    lambda name, kind, size: header(name, kind, size),
    st.text("ab/", max_size=3),
    st.sampled_from([b"0", b"L", b"K", b"x", b"g", b"S", b"5", b"2", b"Z"]),
    st.integers(-1, 1100),
)


@given(st.lists(st.one_of(BLOCKS, st.just(b"19 path=other/name\n".ljust(512, b"\0")), st.binary(max_size=600))))
def test_any_blocks_are_entries_or_refused(blocks: list[bytes]) -> None:
    with suppress(RefusedTar):
        assert all(len(entry.name) <= NAME for entry in read_tar(io.BytesIO(b"".join(blocks))))


def _exhaust(entries: Iterable[object]) -> None:
    for _ in entries:
        pass
