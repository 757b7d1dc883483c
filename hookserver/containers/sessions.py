"""Who may use an app's stored sessions: the users as whom its replicas run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from http import HTTPStatus
from pathlib import Path

from docker.errors import APIError

from hookserver.engine.client import Engine, in_parallel
from hookserver.models import Replica, ReplicaState, Slot
from hookserver.state import session_folder


def make_folder(engine: Engine, folder: Path, image: str) -> None:
    """Make the app's folder for the image's user, before a replica of it starts; who has access to it keeps that.

    Raises ContainerError when there is no such image, or the folder cannot be made.
    """
    user = configured_user(engine, image)
    with engine.doing(f"make the folder of stored sessions {folder}"):
        session_folder.make(folder, user)


def admit(engine: Engine, folder: Path, replicas: Sequence[Replica]) -> None:
    """Give the users of these replicas access to the folder, too. Raises ContainerError."""
    users = running_users(engine, replicas)
    with engine.doing(f"set the rights of {folder}"):
        session_folder.admit(folder, users)


def share(engine: Engine, folder: Path, replicas: Sequence[Replica], newest: Slot) -> list[str]:
    """Give access to the users of these replicas alone; those of the slot ``newest`` count first.

    A line for a person if some of them have none. Raises ContainerError.
    """
    first = [replica for replica in replicas if replica.slot is newest]
    others = [replica for replica in replicas if replica.slot is not newest]
    users = list(dict.fromkeys([*running_users(engine, first), *running_users(engine, others)]))
    if not users:
        return []
    with engine.doing(f"set the rights of {folder}"):
        reason = session_folder.grant(folder, users)
    named = ", ".join(map(str, users))
    return [f"the users {named} cannot all use {folder}: {reason}; sessions stay in memory"] if reason else []


def configured_user(engine: Engine, image: str) -> int | None:
    """The image's user, by the number that the host has for them; None where only a running process shows it.

    Raises ContainerError when there is no such image.
    """
    with engine.doing(f"find the image {image}"):
        config = engine.api.inspect_image(image).get("Config") or {}
        options: list[str] = engine.api.info().get("SecurityOptions") or []
    # In a user namespace the host has another number: https://docs.docker.com/engine/security/userns-remap/
    if any(option.startswith(("name=userns", "name=rootless")) for option in options):
        return None
    user = str(config.get("User") or "0").partition(":")[0]
    return int(user) if user.isascii() and user.isdecimal() else None


def running_users(engine: Engine, replicas: Collection[Replica]) -> list[int]:
    """The users of the replicas' processes, by the numbers that the host has for them; root last.

    A root process may be one that only started the others. A replica that has just ended has none. Raises
    ContainerError.
    """

    def users_of(replica: Replica) -> set[int]:
        with engine.doing(f"list the processes of {replica.name}"):
            try:
                # Docker runs the host's ps(1): https://docs.docker.com/reference/cli/docker/container/top/
                answer = engine.api.top(replica.id, "-eo pid,uid")
            except APIError as error:
                if error.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                    return set()
                raise
        column = answer["Titles"].index("UID")
        return {int(process[column]) for process in answer["Processes"] or []}

    running = [replica for replica in replicas if replica.state is ReplicaState.RUNNING]
    return sorted(set().union(*in_parallel(users_of, running)), reverse=True)
