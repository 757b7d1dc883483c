"""The user of the web process, and what the modes of files let them do."""

from __future__ import annotations

import os
import pwd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.errors import HookserverError
from hookserver.state.web_user import find_web_user, may_enter, may_read

WEB = pwd.struct_passwd(("web", "x", 990, 980, "", "/", "/usr/sbin/nologin"))


def file(mode: int, uid: int = 0, gid: int = 0) -> os.stat_result:
    return os.stat_result((mode, 0, 0, 1, uid, gid, 0, 0, 0, 0))


def test_web_process_of_root_runs_as_its_own_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert find_web_user("nobody") == pwd.getpwnam("nobody")
    assert find_web_user("root") is None
    with pytest.raises(HookserverError, match="no-such-user") as caught:
        find_web_user("no-such-user")
    assert "useradd --system" in caught.value.remedy


def test_web_process_of_another_user_keeps_that_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert find_web_user("no-such-user") is None


@pytest.mark.parametrize(
    ("found", "can_read"),
    [
        (file(0o640, gid=980), True),
        (file(0o600, gid=980), False),
        (file(0o640), False),
        (file(0o644), True),
        (file(0o400, uid=990), True),
        (file(0o044, uid=990, gid=980), False),
        (file(0o604, gid=980), False),
    ],
)
def test_owner_group_and_others_have_their_own_right_to_read(found: os.stat_result, can_read: bool) -> None:
    assert may_read(WEB, found) is can_read


@given(mode=st.integers(0, 0o777), uid=st.sampled_from([0, 990]), gid=st.sampled_from([0, 980]))
def test_folder_is_entered_by_the_bits_for_search(mode: int, uid: int, gid: int) -> None:
    shift = 6 if uid == 990 else 3 if gid == 980 else 0
    assert may_enter(WEB, file(mode, uid, gid)) is bool(mode >> shift & 1)
