"""Reading a deploy's log while it is written, until the deploy is over."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from hookserver.errors import StoreError
from hookserver.models import Deploy, Status
from hookserver.web.context import Context

LOOK_EVERY = 0.1
ASK_EVERY = 0.2
"""Seconds between looks at the file, and at the deploy's row."""
STUCK = 30.0
"""Seconds after which a follower that takes nothing is given up."""
_PIECE = 64 << 10


@dataclass(frozen=True)
class Lines:
    """Whole lines of the log, and the byte offset after them."""

    text: bytes
    end: int


def follow(
    context: Context, number: int, is_end: Callable[[Deploy], bool], offset: int = 0
) -> Generator[Lines, None, Deploy]:
    """The log's lines from byte ``offset`` on as they come; empty ``Lines`` at each look that finds none.

    Ends, and returns the deploy as last seen, when ``is_end`` says so, or when the process is asked to end.
    Raises NotFound for an unknown deploy.
    """
    path = context.state.log(number)
    deploy, asked = context.store.deploy(number), time.monotonic()
    while True:
        if time.monotonic() - asked >= ASK_EVERY:
            deploy, asked = _ask(context, deploy), time.monotonic()
        ended = is_end(deploy)
        while lines := _read(path, offset, with_rest=ended):
            offset += len(lines)
            yield Lines(lines, offset)
        if ended or context.stopping.wait(LOOK_EVERY):
            return deploy
        yield Lines(b"", offset)


def wait(context: Context, number: int, client: socket.socket | None) -> Deploy:
    """The deploy once it is live or over; as last seen when the process is asked to end or the client has gone."""
    deploy = context.store.deploy(number)
    while not (is_decided(deploy) or context.stopping.wait(ASK_EVERY) or is_gone(client)):
        deploy = _ask(context, deploy)
    return deploy


def is_decided(deploy: Deploy) -> bool:
    """Live, or over: nothing more will change for who waits for the release."""
    return deploy.status.is_over


def is_finished(deploy: Deploy) -> bool:
    """Nothing more will be written to its log: a live deploy still drains."""
    return deploy.status.is_over and not (deploy.status is Status.LIVE and deploy.ended_at is None)


def is_gone(client: socket.socket | None) -> bool:
    """Whether the client has hung up: it would else be noticed only when there is something to send."""
    if client is None:
        return False
    readable = select.poll()
    try:
        readable.register(client, select.POLLIN)
        return bool(readable.poll(0)) and client.recv(1, socket.MSG_PEEK) == b""
    except (OSError, ValueError):  # ValueError: it is closed on this side too
        return True


def _ask(context: Context, before: Deploy) -> Deploy:
    try:
        return context.store.deploy(before.number)
    except StoreError:
        return before


def _read(path: Path, offset: int, *, with_rest: bool) -> bytes:
    """Whole lines from ``offset`` on, 64 kB at most; with the rest of an unfinished one if that is asked for."""
    try:
        with path.open("rb") as log:
            log.seek(offset)
            piece = log.read(_PIECE)
    except FileNotFoundError:
        return b""
    whole = piece.rfind(b"\n") + 1
    unfinished = not whole and (with_rest or len(piece) == _PIECE)
    return piece if unfinished else piece[:whole]
