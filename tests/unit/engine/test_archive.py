from __future__ import annotations

import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from hookserver.engine.archive import Chunks, Entry, pack


@given(st.lists(st.binary(min_size=1, max_size=10), max_size=10), st.lists(st.integers(0, 15), max_size=10))
def test_chunks_read_as_the_same_bytes(chunks: list[bytes], sizes: list[int]) -> None:
    whole = b"".join(chunks)
    file = io.BufferedReader(Chunks(iter(chunks)))
    for size in sizes:
        part = file.read(size)
        assert part == whole[:size]
        whole = whole[size:]


def test_packed_entries_have_their_path_content_mode_and_owner() -> None:
    entries = [Entry("conf/a.xml", b"<a/>", 0o600, 5, 6), Entry("lib/b.jar", b"PK")]
    with tarfile.open(fileobj=pack(entries)) as archive:
        members = [(member.name, member.size, member.mode, member.uid, member.gid) for member in archive]
        content = archive.extractfile("conf/a.xml")
        assert content is not None
        assert content.read() == b"<a/>"
    assert members == [("conf/a.xml", 4, 0o600, 5, 6), ("lib/b.jar", 2, 0o644, 0, 0)]
