"""Waiting for a deploy within a request, and noticing that its client has gone."""

from __future__ import annotations

import select
import socket

from hookserver.models import Deploy
from hookserver.views.log_follower import ROW_INTERVAL, is_decided
from hookserver.web.context import WebContext

STUCK = 30.0
"""Seconds after which a follower that reads nothing is disconnected."""


def wait(context: WebContext, number: int, client: socket.socket | None) -> Deploy:
    """The deploy once it is live or over; as it is when this process is stopping or the client has gone.

    Raises NotFound for an unknown deploy.
    """
    deploy = context.store.deploy(number)
    while not (is_decided(deploy) or context.stopping.wait(ROW_INTERVAL) or is_gone(client)):
        deploy = context.follower.read_again(deploy)
    return deploy


def is_gone(client: socket.socket | None) -> bool:
    """Whether the client has closed the connection; without this check only the next write would notice."""
    if client is None:
        return False
    readable = select.poll()
    try:
        readable.register(client, select.POLLIN)
        # An empty read is the end of the connection; MSG_PEEK leaves a pipelined request in the buffer: recv(2).
        return bool(readable.poll(0)) and client.recv(1, socket.MSG_PEEK) == b""
    except (OSError, ValueError):  # ValueError: it is closed on this side too
        return True
