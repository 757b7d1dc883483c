"""A git server on loopback, as every forge has one: git's own, over HTTP."""

from __future__ import annotations

import base64
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class GitServer:
    """Serves the bare repositories in ``folder``.

    ``moved``: a path's first part → the address that it is redirected to. ``user``: "name:password" that it wants.
    ``asked``: the path and the Authorization header of each request so far.
    """

    folder: Path
    port: int = 0
    moved: dict[str, str] = field(default_factory=dict)
    user: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)

    def url(self, name: str, user: str = "") -> str:
        return f"http://{user}{'@' if user else ''}127.0.0.1:{self.port}/{name}"


@contextmanager
def git_server(folder: Path, user: str = "") -> Iterator[GitServer]:
    """Serve ``folder`` until the end of the block."""
    folder.mkdir(exist_ok=True)
    served = GitServer(folder, user=user)
    handler = type("Handler", (_Handler,), {"served": served})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        served.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    """Runs git-http-backend(1), a CGI program."""

    served: GitServer

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self.served.asked.append((self.path, self.headers.get("Authorization", "")))
        name = path.split("/")[1]
        if name in self.served.moved:
            rest = path.removeprefix(f"/{name}")
            self._empty(301, "Location", f"{self.served.moved[name]}{rest}{'?' if query else ''}{query}")
        elif self.served.user and self.headers.get("Authorization") != f"Basic {_encoded(self.served.user)}":
            self._empty(401, "WWW-Authenticate", 'Basic realm="forge"')
        else:
            self._run(path, query)

    def do_POST(self) -> None:
        self.do_GET()

    def _empty(self, status: int, name: str, value: str) -> None:
        self.send_response(status)
        self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _run(self, path: str, query: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        command = ["git", "-c", "safe.directory=*", "http-backend"]
        with subprocess.Popen(
            command, env=self._variables(path, query), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        ) as backend:
            assert backend.stdin is not None
            assert backend.stdout is not None
            backend.stdin.write(body)
            backend.stdin.close()
            headers = []
            while line := backend.stdout.readline().strip():
                name, _, value = line.decode().partition(": ")
                headers.append((name, value))
            self.send_response(int(dict(headers).get("Status", "200").split()[0]))
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            try:
                while data := os.read(backend.stdout.fileno(), 1 << 16):
                    self.wfile.write(data)
            except OSError:  # the client has gone
                backend.kill()

    def _variables(self, path: str, query: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_PROJECT_ROOT": str(self.served.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }

    def log_message(self, *_: object) -> None:
        pass


def _encoded(user: str) -> str:
    return base64.b64encode(user.encode()).decode()
