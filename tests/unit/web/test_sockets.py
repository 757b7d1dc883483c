"""The sockets on which the web process answers."""

from __future__ import annotations

import socket

import pytest

from hookserver.errors import HookserverError, Refused
from hookserver.state.permissions import prepare
from hookserver.state.state_dir import StateDir
from hookserver.web.sockets import listening


def test_both_sockets_can_be_connected_to_by_who_may_enter_their_folders(state: StateDir) -> None:
    prepare(state)
    with listening(state):
        for path in (state.web_socket, state.push_socket):
            assert path.stat().st_mode & 0o777 == 0o666
            assert path.parent.stat().st_mode & 0o007 == 0
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))


def test_socket_of_a_killed_process_is_replaced(state: StateDir) -> None:
    prepare(state)
    with listening(state):
        pass
    assert state.web_socket.exists(), "nobody removed it"
    with listening(state), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(state.web_socket))


def test_second_web_process_is_refused_and_the_first_still_answers(state: StateDir) -> None:
    prepare(state)
    with listening(state):
        with pytest.raises(Refused, match="another web process"), listening(state):
            pass
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(state.web_socket))


def test_folder_that_is_missing_is_reported_with_the_remedy(state: StateDir) -> None:
    with pytest.raises(HookserverError, match="cannot listen") as caught, listening(state):
        pass
    assert "hookserver up" in caught.value.remedy
