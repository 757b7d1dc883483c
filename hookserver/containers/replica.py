"""One replica, out of Docker's answer."""

from __future__ import annotations

from typing import Any

from hookserver.containers.diagnosis import describe_exit
from hookserver.engine import labels
from hookserver.models import Replica, ReplicaState, Slot

# State.Status of ContainerInspect, https://docs.docker.com/reference/api/engine/: the others (created, paused,
# removing, exited, dead) answer no requests.
_STATES = {"running": ReplicaState.RUNNING, "restarting": ReplicaState.RESTARTING}


def parse_replica(inspection: dict[str, Any]) -> Replica:
    """The replica of Docker's answer to an inspection."""
    found, state = inspection["Config"]["Labels"], inspection["State"]
    out_of_memory = state["OOMKilled"]
    # Docker clears the exit code at a restart, so it is not known how the process before ended:
    # https://github.com/moby/moby/blob/master/daemon/container/state.go (setRunning)
    runs_again = state["Status"] == "running" and not out_of_memory
    return Replica(
        id=inspection["Id"],
        name=inspection["Name"].lstrip("/"),
        app=found[labels.APP],
        slot=Slot(found[labels.SLOT]),
        deploy=int(found[labels.DEPLOY]),
        state=_STATES.get(state["Status"], ReplicaState.STOPPED),
        restarts=inspection["RestartCount"],
        ending="ended" if runs_again else describe_exit(state["ExitCode"], out_of_memory),
        out_of_memory=out_of_memory,
    )
