"""Output that is more than Docker keeps of it."""

from __future__ import annotations

from docker import APIClient
from docker.types import LogConfig

from hookserver.containers.once import run_to_its_end
from tests.integration.containers.conftest import BASE, MINE


def test_of_a_log_that_was_rotated_the_end_is_told(api: APIClient) -> None:
    small = LogConfig(type="json-file", config={"max-size": "100k", "max-file": "1"})
    script = ["sh", "-c", "seq 300000; echo done"]
    id_ = api.create_container(
        BASE, entrypoint=[], command=script, labels={MINE: "once"}, host_config=api.create_host_config(log_config=small)
    )["Id"]
    told: list[str] = []
    try:
        run_to_its_end("", id_, 60.0, told.append)
    finally:
        api.remove_container(id_, force=True)
    assert told[-1] == "done"
