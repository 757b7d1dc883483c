"""The routing rule, with a program in the place of ``ip``; the real one is tried in ``tests/integration``."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from hookserver.engine.client import Engine
from hookserver.engine.metadata_address import rules, set_reachable
from hookserver.errors import ContainerError

SUBNET = IPv4Network("172.30.240.0/20")
ENGINE = Engine("unix:///no/docker.sock")


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The calls of ``ip``, which prints the file ``rules`` and fails with the text in the file ``problem``."""
    program = tmp_path / "ip"
    program.write_text(
        f"""#!/bin/sh
        echo "$@" >>{tmp_path}/calls
        case $2 in show) /bin/cat {tmp_path}/rules; exit 0;; esac
        /bin/cat {tmp_path}/problem >&2 2>/dev/null && exit 2
        exit 0
        """
    )
    program.chmod(0o755)
    (tmp_path / "rules").write_text("169:\tfrom 172.30.240.0/20 to 169.254.0.0/16 unreachable\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "calls"


def test_rules_are_for_what_comes_from_the_subnet_and_let_name_servers_be_asked() -> None:
    assert [" ".join(rule) for rule in rules(SUBNET)] == [
        "priority 168 from 172.30.240.0/20 to 169.254.0.0/16 ipproto udp dport 53 lookup main",
        "priority 168 from 172.30.240.0/20 to 169.254.0.0/16 ipproto tcp dport 53 lookup main",
        "priority 169 from 172.30.240.0/20 to 169.254.0.0/16 unreachable",
    ]


def test_rules_are_added_or_removed(calls: Path) -> None:
    set_reachable(ENGINE, SUBNET, False)
    set_reachable(ENGINE, SUBNET, True)
    verbs = [line.split()[1] for line in calls.read_text().splitlines()]
    assert verbs == ["add", "add", "add", "show", "del", "del", "del"]


@pytest.mark.parametrize(
    ("reachable", "problem"),
    [(False, "RTNETLINK answers: File exists"), (True, "RTNETLINK answers: No such file or directory")],
)
def test_rule_that_is_there_or_gone_already_is_no_error(calls: Path, reachable: bool, problem: str) -> None:
    (calls.parent / "problem").write_text(problem)
    set_reachable(ENGINE, SUBNET, reachable)


def test_user_without_rights_needs_none_where_nothing_is_to_be_removed(calls: Path) -> None:
    (calls.parent / "rules").write_text("169:\tfrom 172.30.112.0/20 to 169.254.0.0/16 unreachable\n")
    (calls.parent / "problem").write_text("RTNETLINK answers: Operation not permitted")
    set_reachable(ENGINE, SUBNET, True)


def test_rule_is_not_added_here_for_an_engine_on_another_machine(calls: Path) -> None:
    set_reachable(Engine("tcp://10.0.0.1:2376"), SUBNET, False)
    assert not calls.exists()


def test_refusal_of_the_host_names_the_remedy(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (calls.parent / "problem").write_text("RTNETLINK answers: Operation not permitted")
    with pytest.raises(ContainerError, match=r"cannot be closed for containers: .*not permitted") as refused:
        set_reachable(ENGINE, SUBNET, False)
    assert "docker.allow_metadata" in refused.value.remedy
    with pytest.raises(ContainerError, match=r"cannot be opened for containers: .*not permitted"):
        set_reachable(ENGINE, SUBNET, True)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ContainerError, match="No such file"):
        set_reachable(ENGINE, SUBNET, False)
