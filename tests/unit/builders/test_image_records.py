from __future__ import annotations

import stat
from pathlib import Path

import pytest

from hookserver.builders.image_records import ImageRecord, ImageRecords
from hookserver.errors import BuildError


@pytest.fixture
def records(tmp_path: Path) -> ImageRecords:
    return ImageRecords(tmp_path / "images")


def test_image_is_known_once_it_is_finished(records: ImageRecords) -> None:
    begun = records.begin(ImageRecord("shop", 7, "library", "digest", facts={"java": 17}))
    assert records.made("shop") == []
    assert records.unfinished() == records.unfinished(7) == [begun]
    assert records.unfinished(8) == []
    assert records.finish(begun, "sha256:1") == "sha256:1"
    (made,) = records.made("shop")
    assert (made.image, made.facts, made.mark) == ("sha256:1", {"java": 17}, begun.mark)
    assert records.unfinished() == []


def test_image_is_found_by_its_app_its_role_and_its_digest(records: ImageRecords) -> None:
    for number, made_at in enumerate((1.0, 3.0, 2.0)):
        records.finish(ImageRecord("shop", 1, "image", "digest", made_at=made_at), f"sha256:{number}")
    records.finish(ImageRecord("shop", 1, "library", "digest"), "sha256:library")
    records.finish(ImageRecord("blog", 1, "image", "digest"), "sha256:blog")
    assert [one.image for one in records.find("shop", "image", "digest")] == ["sha256:1", "sha256:2", "sha256:0"]
    assert records.find("shop", "image", "other") == []


def test_removed_record_is_forgotten(records: ImageRecords) -> None:
    begun = records.begin(ImageRecord("shop", 1, "image", "digest"))
    for _ in range(2):
        records.remove(begun)
    assert records.unfinished() == []


def test_record_that_another_process_removes_meanwhile_is_left_out(
    records: ImageRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, gone = (records.begin(ImageRecord(app, 1, "image", "digest")) for app in ("shop", "blog"))
    find = Path.glob

    def glob_and_remove(folder: Path, pattern: str) -> list[Path]:
        found = list(find(folder, pattern))
        records.remove(gone)
        return found

    monkeypatch.setattr(Path, "glob", glob_and_remove)
    assert records.unfinished() == [kept]


def test_marks_differ_and_records_are_private(records: ImageRecords, tmp_path: Path) -> None:
    marks = {records.begin(ImageRecord("shop", 1, "image", "digest")).mark for _ in range(20)}
    assert len(marks) == 20
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.rglob("*.json")} == {0o600}


def test_damaged_record_is_named(records: ImageRecords, tmp_path: Path) -> None:
    records.begin(ImageRecord("shop", 1, "image", "digest", mark="1f"))
    (tmp_path / "images/shop/1f.json").write_text("{")
    with pytest.raises(BuildError, match=r"images cannot be used: 1f\.json: "):
        records.made("shop")
