"""WARs that are damaged on purpose: the answer is always a result or a BuildError."""

from __future__ import annotations

import io
import resource
import struct
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookserver.builders.wars import facts
from hookserver.builders.wars.file import open_war, pack_entries
from hookserver.errors import BuildError


def packed(files: Mapping[str, bytes], date: tuple[int, int, int, int, int, int] = (1980, 1, 1, 0, 0, 0)) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, date), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def read(war: bytes, folder: Path) -> facts.WarFacts:
    """All that a build does with a WAR on the host."""
    path = folder / "app.war"
    path.write_bytes(war)
    with open_war(path) as checked:
        checked.library_digest()
        libraries = facts.read_libraries(checked.archive, checked.library, folder)
        own = facts.read_own(checked.archive, checked.rest)
        with pack_entries(checked, checked.rest, "ROOT", folder):
            return facts.merge(own, libraries)


CLASS = b"\xca\xfe\xba\xbe\0\0\0\x34javax/servlet/Servlet"
PAGE = b'<%@ page import="javax.servlet.*" %><% /* x */ "javax.servlet." %><jsp:useBean type="x"/>'
SMALL = packed(
    {
        "WEB-INF/lib/a.jar": packed({"a/B.class": CLASS, "META-INF/t.tld": b"<uri>u</uri>"}),
        "WEB-INF/web.xml": b"<web-app/>",
        "WEB-INF/classes/A.class": CLASS,
        "index.jsp": PAGE,
    }
)


@settings(max_examples=1000, deadline=None)
@given(st.integers(0, len(SMALL)), st.binary(max_size=8), st.integers(0, 20))
def test_damaged_war_is_read_or_refused(place: int, noise: bytes, left_out: int) -> None:
    data = SMALL[:place] + noise + SMALL[place + left_out :]
    with TemporaryDirectory() as folder, suppress(BuildError):
        read(data, Path(folder))


@given(st.sampled_from(["index.jsp", "WEB-INF/web.xml", "WEB-INF/lib/a.jar", "WEB-INF/x.tld"]), st.binary(max_size=200))
def test_any_content_is_read_or_refused(name: str, content: bytes) -> None:
    with TemporaryDirectory() as folder, suppress(BuildError):
        read(packed({"index.jsp": b"", name: content}), Path(folder))


def test_war_without_dates_is_read(tmp_path: Path) -> None:
    war = packed({"index.jsp": PAGE})
    date = struct.pack("<H", 0)
    war = war.replace(struct.pack("<HH", 0, 0x21), struct.pack("<H", 0) + date)

    assert zipfile.ZipFile(io.BytesIO(war)).infolist()[0].date_time[1:3] == (0, 0)
    assert read(war, tmp_path).servlet == "javax"


def many(count: int) -> bytes:
    """A jar of this many entries, which fits into a few kilobytes when it is packed once more."""
    entry = b"PK\x01\x02" + bytes(24) + struct.pack("<HHHHHLL", 1, 0, 0, 0, 0, 0, 0) + b"a"
    return entry * count + b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 1, 1, len(entry) * count, 0, 0)


def test_jar_with_too_many_entries_is_refused_in_little_memory(tmp_path: Path) -> None:
    war = packed({"index.jsp": b"", "WEB-INF/lib/bomb.jar": many(892_405)})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(BuildError, match=r"WEB-INF/lib/bomb.jar has a list of entries of 39 MB"):
        read(war, tmp_path)
    assert len(war) < 200_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60 << 10


def test_many_jars_together_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "_JARS_ENTRIES", 250)
    jars = {f"WEB-INF/lib/{number}.jar": many(100) for number in range(3)}

    with pytest.raises(BuildError, match=r"WEB-INF/lib/2.jar has with the jars before it, more than 250 entries"):
        read(packed({"index.jsp": b"", **jars}), tmp_path)
