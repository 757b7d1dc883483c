"""Hostile WARs are refused as a whole, good ones are given on with nothing else."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.builders.wars import file as war_file
from hookserver.errors import BuildError


def write(place: Path, files: dict[str, bytes], mode: int = 0) -> Path:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = mode << 16
            archive.writestr(entry, content)
    return place


GOOD = {"WEB-INF/web.xml": b"<web-app/>", "WEB-INF/lib/a.jar": b"jar", "WEB-INF/lib/b.jar": b"ja", "index.jsp": b"hi"}


def test_libraries_and_rest_are_two_archives_with_fixed_owner_mode_and_time(tmp_path: Path) -> None:
    with war_file.open_war(write(tmp_path / "a.war", GOOD, mode=0o104777)) as war:
        with (
            war_file.pack_entries(war, war.library, "ROOT", tmp_path) as packed,
            tarfile.open(fileobj=packed) as archive,
        ):
            names = archive.getnames()
            member = archive.getmember("ROOT/WEB-INF/lib/a.jar")
        assert names == ["ROOT", "ROOT/WEB-INF", "ROOT/WEB-INF/lib", "ROOT/WEB-INF/lib/a.jar", "ROOT/WEB-INF/lib/b.jar"]
        assert (member.mode, member.uid, member.gid, member.mtime) == (0o644, 0, 0, 1767323046)
        with war_file.pack_entries(war, war.rest, "a#b", tmp_path) as packed, tarfile.open(fileobj=packed) as archive:
            assert archive.getnames() == ["a#b", "a#b/WEB-INF", "a#b/WEB-INF/web.xml", "a#b/index.jsp"]


def test_library_digest_changes_with_the_libraries_only(tmp_path: Path) -> None:
    def digest(files: dict[str, bytes]) -> str:
        with war_file.open_war(write(tmp_path / "a.war", files)) as war:
            return war.library_digest()

    first = digest(GOOD)
    assert digest({**GOOD, "index.jsp": b"other"}) == first
    assert digest(dict(reversed(GOOD.items()))) == first
    assert digest({**GOOD, "WEB-INF/lib/a.jar": b"JAR"}) != first
    assert digest({**GOOD, "WEB-INF/lib/c.jar": b""}) != first


@given(name=st.text(min_size=1, max_size=30))
def test_whatever_the_names_everything_stays_inside(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    tmp_path = tmp_path_factory.getbasetemp()
    try:
        write(tmp_path / "any.war", {"WEB-INF/web.xml": b"", name: b"x"})
    except UnicodeEncodeError:
        return
    try:
        with (
            war_file.open_war(tmp_path / "any.war") as war,
            war_file.pack_entries(war, war.rest, "ROOT", tmp_path) as packed,
            tarfile.open(fileobj=packed) as archive,
        ):
            for member in archive:
                assert member.name == "ROOT" or member.name.startswith("ROOT/")
                assert ".." not in member.name.split("/")
    except BuildError:
        pass


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "a\\..\\x", "a//x", "./x", "a/./x", ".."])
def test_names_that_lead_out_or_confuse_are_refused(tmp_path: Path, name: str) -> None:
    with (
        pytest.raises(BuildError, match="leads out of the WAR"),
        war_file.open_war(write(tmp_path / "a.war", {**GOOD, name: b"x"})),
    ):
        pass


@pytest.mark.parametrize("mode", [0o120777, 0o020666, 0o010666])
def test_symlinks_devices_and_pipes_are_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(BuildError, match="special file"), war_file.open_war(write(tmp_path / "a.war", GOOD, mode)):
        pass


def test_zip_bomb_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    place = tmp_path / "bomb.war"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("WEB-INF/web.xml", "")
        with archive.open("zeros", "w") as zeros:
            for _ in range(300):
                zeros.write(bytes(1 << 20))
    with pytest.raises(BuildError, match="bomb"), war_file.open_war(place):
        pass


def test_wrong_size_of_an_entry_is_refused(tmp_path: Path) -> None:
    place = write(tmp_path / "a.war", GOOD)
    data = place.read_bytes()
    at = data.rindex(b"index.jsp") - 46  # the entry in the central directory
    place.write_bytes(data[: at + 24] + (1 << 20).to_bytes(4, "little") + data[at + 28 :])
    with (
        pytest.raises(BuildError),
        war_file.open_war(place) as war,
        war_file.pack_entries(war, war.rest, "ROOT", tmp_path),
    ):
        pass


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(100_001):
            archive.writestr(zipfile.ZipInfo(f"WEB-INF/{number}"), b"")
    place = tmp_path / "many.war"
    place.write_bytes(packed.getvalue())
    with pytest.raises(BuildError, match="more than 100000 entries"), war_file.open_war(place):
        pass


def test_archive_that_is_no_web_application_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(BuildError, match="not a web application"),
        war_file.open_war(
            write(tmp_path / "a.war", {"META-INF/MANIFEST.MF": b"", "Main.class": b"", "docs/index.html": b""})
        ),
    ):
        pass
    with war_file.open_war(write(tmp_path / "b.war", {"index.html": b""})) as war:
        assert len(war.rest) == 1
