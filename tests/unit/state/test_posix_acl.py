"""The bytes of access control lists: the kernel's own are the judge."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hookserver.state.posix_acl import ACCESS, ALL, DEFAULT, READ_WRITE, encode, named_users

UNDEFINED = "ffffffff"


def test_list_has_the_entries_in_the_kernels_order() -> None:
    users = [f"0200 0700 {number}" for number in ("00000000", "e8030000")]
    entries = [f"0100 0600 {UNDEFINED}", *users, f"0400 0000 {UNDEFINED}", f"1000 0600 {UNDEFINED}"]
    expected = bytes.fromhex("02000000" + "".join([*entries, f"2000 0000 {UNDEFINED}"]))
    assert encode(READ_WRITE, [1000, 0, 1000]) == expected


def test_list_without_users_has_no_mask() -> None:
    entries = [f"0100 0700 {UNDEFINED}", f"0400 0000 {UNDEFINED}", f"2000 0000 {UNDEFINED}"]
    assert encode(ALL) == bytes.fromhex("02000000" + "".join(entries))


def test_named_users_are_read_back() -> None:
    assert named_users(encode(ALL, [1001, 0])) == [0, 1001]
    assert named_users(encode(ALL)) == named_users(b"") == named_users(b"\2\0\0\0x") == []


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_new_file_gets_the_very_list_that_is_encoded_for_it_whatever_the_umask_is(tmp_path: Path, umask: int) -> None:
    os.setxattr(tmp_path, DEFAULT, encode(ALL, [1000, 1001]))
    before = os.umask(umask)
    try:
        (tmp_path / "file").touch(0o666)
        (tmp_path / "folder").mkdir()
    finally:
        os.umask(before)
    assert os.getxattr(tmp_path / "file", ACCESS) == encode(READ_WRITE, [1000, 1001])
    assert (
        os.getxattr(tmp_path / "folder", ACCESS)
        == os.getxattr(tmp_path / "folder", DEFAULT)
        == encode(ALL, [1000, 1001])
    )
