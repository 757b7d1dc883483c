"""The figures of the benches, computed from measurements."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pytest

from hookserver.models import Endpoint, Slot
from tests.bench.idle import cpu_seconds, family, pss_mb
from tests.bench.installation import with_unix_times
from tests.bench.outcome import outcome, table
from tests.bench.push_to_live import BuildTimes, split
from tests.bench.reload import render
from tests.bench.visitors import Switch, late_visitors

SWITCHES = [Switch("1", asked=0.0, done=1.0), Switch("2", asked=10.0, done=11.0)]


@pytest.mark.parametrize(
    ("sent", "answered", "version", "late"),
    [
        (0.5, 0.6, "0", False),  # both versions may answer during the switch
        (1.1, 1.2, "1", False),
        (1.1, 1.2, "0", True),
        (9.9, 10.1, "2", False),  # the next switch was requested before the answer
        (9.8, 9.9, "2", True),
        (10.5, 10.6, "1", False),
        (11.1, 11.2, "1", True),
        (11.1, 99.9, "2", False),
    ],
)
def test_visitor_is_late_if_the_old_version_answers_after_the_switch(
    sent: float, answered: float, version: str, late: bool
) -> None:
    visitor = {"sent": sent, "answered": answered, "version": version}
    assert late_visitors([visitor], SWITCHES) == ([visitor] if late else [])


def test_parts_of_a_push_add_up_to_its_total() -> None:
    begins = {"fetch": 101.0, "build": 101.5, "start": 106.5, "check": 107.5, "switch": 110.0, "drain": 110.5}
    deploy = {"live_at": 110.25, "steps": [{"step": step, "started_at": at} for step, at in begins.items()]}
    found = split(100.0, deploy, command=4.0, created=107.0, answered=109.5)
    assert found.parts == {"accept": 1.0, "fetch": 0.5, "build": 5.0, "start": 1.0, "check": 2.5, "switch": 0.25}
    assert found.total == 10.25
    assert found.overhead == 10.25 - 4.0 - 2.5
    assert found.own == {"accept": 1.0, "fetch": 0.5, "build": 1.0, "start": 0.5, "check": 0.5, "switch": 0.25}
    assert sum(found.own.values()) == found.overhead


def test_build_command_is_timed_from_its_containers_start_to_its_end() -> None:
    attributes = {"hookserver.deploy": "7"}
    actor = {"ID": "abc", "Attributes": attributes}
    events = [
        {"Action": "create", "Actor": actor, "timeNano": 1_000_000_000},
        {"Action": "start", "Actor": actor, "timeNano": 2_000_000_000},
        {"Action": "die", "Actor": actor, "timeNano": 5_500_000_000},
        {"Action": "die", "Actor": {"ID": "never started", "Attributes": attributes}, "timeNano": 9_000_000_000},
    ]
    times = BuildTimes(events)
    times.read()
    assert times.seconds == {7: 3.5}


def test_api_times_become_unix_seconds() -> None:
    deploy = {"deploy": 1, "live_at": "1970-01-01T00:00:10.250Z", "ended_at": None, "steps": []}
    deploy["steps"] = [{"step": "fetch", "started_at": "1970-01-01T00:00:01.000Z", "seconds": 2}]
    read = with_unix_times(deploy)
    assert (read["live_at"], read["ended_at"]) == (10.25, None)
    assert read["steps"] == [{"step": "fetch", "started_at": 1.0, "seconds": 2}]


def test_last_line_is_json_and_the_exit_code_shows_whether_all_bars_are_met(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert outcome("switch", {"failed": 0}, {"nothing failed": True}) == 0
    assert outcome("switch", {"failed": 1}, {"nothing failed": False, "quick": True}) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert json.loads(last) == {"bench": "switch", "ok": False, "figures": {"failed": 1}}


def test_table_columns_are_aligned_with_their_heads() -> None:
    assert table(["step", "s"], [["fetch", "1.00"], ["x", "10.00"]]) == "step       s\nfetch   1.00\nx      10.00"


def test_plain_nginx_sends_all_requests_to_one_slot() -> None:
    slots = {slot: [Endpoint(f"{slot}-1", f"{slot}1", host)] for slot, host in zip(Slot, "ab", strict=True)}
    text = render("127.0.0.1:80", slots, Slot.GREEN)
    assert "proxy_pass http://green;" in text
    assert "upstream blue { server a:8080 max_fails=0;" in text


def test_process_is_measured_with_its_descendants() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 60 & echo $!; wait"], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        grandchild = int(child.stdout.readline())
        try:
            assert {os.getpid(), child.pid, grandchild} <= set(family(os.getpid()))
            assert pss_mb(os.getpid()) > pss_mb(grandchild) > 0
        finally:
            os.kill(grandchild, signal.SIGTERM)


def test_cpu_time_counts() -> None:
    before = cpu_seconds([os.getpid()])
    ends = time.process_time() + 0.05
    while time.process_time() < ends:
        pass
    assert before + 0.02 <= cpu_seconds([os.getpid()]) < before + 1
