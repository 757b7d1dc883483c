"""A container's inspection, as the engines from 20.10 (API 1.41) to 29 (API 1.52) answer it."""

from __future__ import annotations

from typing import Any

import pytest

from hookserver.containers.replica import parse_replica
from hookserver.models import Replica, ReplicaState, Slot

LABELS = {
    "hookserver.app": "shop",
    "hookserver.commit": "1337e9ba60775eea5f64cd18daedaa06e4afff9e",
    "hookserver.deploy": "3",
    "hookserver.replica": "2",
    "hookserver.replicas": "2",
    "hookserver.role": "replica",
    "hookserver.route": "blue2",
    "hookserver.slot": "blue",
    "hookserver.state_dir": "/var/lib/hookserver",
}
IMAGE = "sha256:585b6e4254e4310b1cd28e30948a5f9263e0085f9f70b08c6cb3c3f198ec43b2"
STATE = {
    "Status": "running",
    "Running": True,
    "Paused": False,
    "Restarting": False,
    "OOMKilled": False,
    "Dead": False,
    "Pid": 15915,
    "ExitCode": 0,
    "Error": "",
    "StartedAt": "2026-11-25T10:25:52.665673851Z",
    "FinishedAt": "0001-01-01T00:00:00Z",
}
PLACE = {"IPAMConfig": {"IPv4Address": "172.30.240.17"}, "Aliases": None, "IPAddress": "172.30.240.17"}
BOTH: dict[str, Any] = {
    "Id": "dd2dc77b9821537e95d9f41bec7fd7a80040e39d88c5bd87f7c053e9f0c71620",
    "Created": "2026-11-25T10:25:51.496757982Z",
    "Name": "/hs-shop-blue-2",
    "RestartCount": 0,
    "State": STATE,
    "Image": IMAGE,
    "Config": {"Image": IMAGE, "Labels": LABELS},
}
ENGINE_20 = {
    **BOTH,
    "Config": {**BOTH["Config"], "OnBuild": None, "Volumes": None},
    "GraphDriver": {"Name": "overlay2", "Data": {}},
    "NetworkSettings": {"Bridge": "", "IPAddress": "", "MacAddress": "", "Networks": {"hookserver": PLACE}},
}
ENGINE_29 = {
    **BOTH,
    "Storage": {"RootFS": {"Snapshot": {"Name": "overlayfs"}}},
    "ImageManifestDescriptor": {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": IMAGE, "size": 1},
    "NetworkSettings": {"Networks": {"hookserver": {**PLACE, "DNSNames": ["hs-shop-blue-2"], "GwPriority": 0}}},
}


@pytest.mark.parametrize("attributes", [ENGINE_20, ENGINE_29], ids=["20.10", "29"])
def test_replica_is_read_from_what_every_engine_reports(attributes: dict[str, Any]) -> None:
    assert parse_replica(attributes) == Replica(
        id="dd2dc77b9821537e95d9f41bec7fd7a80040e39d88c5bd87f7c053e9f0c71620",
        name="hs-shop-blue-2",
        app="shop",
        slot=Slot.BLUE,
        deploy=3,
        state=ReplicaState.RUNNING,
        restarts=0,
        ending="ended",
        out_of_memory=False,
    )


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("running", ReplicaState.RUNNING),
        ("restarting", ReplicaState.RESTARTING),
        ("created", ReplicaState.STOPPED),
        ("paused", ReplicaState.STOPPED),
        ("removing", ReplicaState.STOPPED),
        ("exited", ReplicaState.STOPPED),
        ("dead", ReplicaState.STOPPED),
    ],
)
def test_dockers_words_become_states(word: str, state: ReplicaState) -> None:
    assert parse_replica({**ENGINE_29, "State": {**STATE, "Status": word}}).state is state


def test_replica_that_ended_has_its_exit_code_in_words() -> None:
    ended = {**STATE, "Status": "exited", "ExitCode": 127}
    assert parse_replica({**ENGINE_29, "State": ended}).ending.startswith("ended with exit code 127 (")


def test_replica_that_lost_a_process_to_its_memory_limit_says_so_while_it_runs() -> None:
    replica = parse_replica({**ENGINE_29, "State": {**STATE, "OOMKilled": True}})
    assert replica.out_of_memory
    assert replica.ending == "was killed: it needed more memory than its limit"
