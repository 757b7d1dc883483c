from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hookserver.engine.archive import Chunks


@given(st.lists(st.binary(min_size=1, max_size=10), max_size=10), st.lists(st.integers(0, 15), max_size=10))
def test_chunks_read_as_the_same_bytes(chunks: list[bytes], sizes: list[int]) -> None:
    whole = b"".join(chunks)
    file = Chunks(iter(chunks))
    for size in sizes:
        part = file.read(size)
        assert part == whole[:size]
        whole = whole[size:]
