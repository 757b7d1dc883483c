"""A connection to a server that can be held: it stays open, and no data passes."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

Address = str | tuple[str, int]


@dataclass
class Gate:
    """Forwards connections to ``place`` (a path: a Unix socket; a host and a port: TCP) to ``target``."""

    place: Address
    target: Address
    _open: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)

    def hold(self) -> None:
        """Let no data pass from now on, on old connections and new ones."""
        self._open.clear()

    def release(self) -> None:
        """Let everything pass again, also what was held."""
        self._open.set()

    @contextmanager
    def standing(self) -> Iterator[Gate]:
        """Listen until the end of the block; open at first."""
        self._open.set()
        with _socket(self.place) as listener:
            if isinstance(self.place, str):
                Path(self.place).unlink(missing_ok=True)
            else:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(self.place)
            listener.listen(64)
            listener.settimeout(0.1)
            accepting = threading.Thread(target=self._accept, args=(listener,))
            accepting.start()
            try:
                yield self
            finally:
                self._over.set()
                self._open.set()
                accepting.join()

    def _accept(self, listener: socket.socket) -> None:
        while not self._over.is_set():
            try:
                came, _ = listener.accept()
            except TimeoutError:
                continue
            threading.Thread(target=self._pass_on, args=(came,), daemon=True).start()

    def _pass_on(self, came: socket.socket) -> None:
        with came, _socket(self.target) as onward:
            try:
                onward.connect(self.target)
                other = {came: onward, onward: came}
                while other and not self._over.is_set():
                    self._open.wait()
                    readable, _, _ = select.select(list(other), [], [], 0.1)
                    for end in readable if self._open.is_set() else ():
                        data = end.recv(1 << 16)
                        if data:
                            (onward if end is came else came).sendall(data)
                        else:
                            (onward if end is came else came).shutdown(socket.SHUT_WR)
                            del other[end]
            except OSError:
                return


def _socket(address: Address) -> socket.socket:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    return socket.socket(family, socket.SOCK_STREAM)
