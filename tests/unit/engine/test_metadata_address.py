"""The routing rule, with a program in the place of ``ip``; the real one is tried in ``tests/integration``."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from hookserver.engine.client import Engine
from hookserver.engine.metadata_address import rule, set_reachable
from hookserver.errors import ContainerError

SUBNET = IPv4Network("172.30.240.0/20")
ENGINE = Engine("unix:///no/docker.sock")


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The calls of ``ip``, which fails with the text in the file ``problem``."""
    program = tmp_path / "ip"
    program.write_text(
        f'#!/bin/sh\necho "$@" >>{tmp_path}/calls\n/bin/cat {tmp_path}/problem >&2 2>/dev/null && exit 2\nexit 0\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "calls"


def test_rule_is_for_what_comes_from_the_subnet() -> None:
    assert " ".join(rule(SUBNET)) == "priority 169 from 172.30.240.0/20 to 169.254.0.0/16 unreachable"


def test_rule_is_added_or_removed(calls: Path) -> None:
    set_reachable(ENGINE, SUBNET, False)
    set_reachable(ENGINE, SUBNET, True)
    assert [line.split()[:3] for line in calls.read_text().splitlines()] == [
        ["rule", "add", "priority"],
        ["rule", "del", "priority"],
    ]


@pytest.mark.parametrize(
    ("reachable", "problem"),
    [(False, "RTNETLINK answers: File exists"), (True, "RTNETLINK answers: No such file or directory")],
)
def test_rule_that_is_there_or_gone_already_is_no_error(calls: Path, reachable: bool, problem: str) -> None:
    (calls.parent / "problem").write_text(problem)
    set_reachable(ENGINE, SUBNET, reachable)


def test_rule_is_not_added_here_for_an_engine_on_another_machine(calls: Path) -> None:
    set_reachable(Engine("tcp://10.0.0.1:2376"), SUBNET, False)
    assert not calls.exists()


def test_refusal_of_the_host_names_the_remedy(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (calls.parent / "problem").write_text("RTNETLINK answers: Operation not permitted")
    with pytest.raises(ContainerError, match=r"cannot be closed for containers: .*not permitted") as refused:
        set_reachable(ENGINE, SUBNET, False)
    assert "docker.allow_metadata" in refused.value.remedy
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ContainerError, match="No such file"):
        set_reachable(ENGINE, SUBNET, False)
