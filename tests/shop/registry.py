"""An image registry on loopback, as far as a pull needs it: https://github.com/opencontainers/distribution-spec"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from docker import APIClient

_TYPES = "application/vnd.docker."
_MANIFEST = f"{_TYPES}distribution.manifest.v2+json"


class Registry(ThreadingHTTPServer):
    """Docker pulls from it without TLS, since it is on loopback. ``is_down``: it answers 503."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}
        self.is_down = False
        super().__init__(("127.0.0.1", 0), _Handler)

    def name(self, image: str) -> str:
        """The image's name for Docker."""
        return f"127.0.0.1:{self.server_port}/{image}"

    def take(self, api: APIClient, image_id: str, image: str) -> str:
        """Have an image of the engine as ``image``, such as ``shop:1``; the digest that a pull gives it."""
        saved = io.BytesIO(b"".join(api.get_image(image_id)))
        with tarfile.open(fileobj=saved) as archive:
            (entry,) = json.loads(_read(archive, "manifest.json"))
            config = self._add(_read(archive, entry["Config"]), f"{_TYPES}container.image.v1+json")
            layers = [
                self._add(_read(archive, layer), f"{_TYPES}image.rootfs.diff.tar.gzip") for layer in entry["Layers"]
            ]
        manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": layers}
        content = json.dumps(manifest).encode()
        name, _, tag = image.partition(":")
        for reference in (tag, digest := _digest(content)):
            self.manifests[f"{name}/manifests/{reference}"] = content
        return digest

    def _add(self, content: bytes, kind: str) -> dict[str, str | int]:
        self.blobs[_digest(content)] = content
        return {"mediaType": kind, "size": len(content), "digest": _digest(content)}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Registry

    def do_GET(self) -> None:
        path = self.path.removeprefix("/v2/")
        blob = re.fullmatch(r".+/blobs/(sha256:[0-9a-f]{64})", path)
        content = self.server.blobs.get(blob[1]) if blob else self.server.manifests.get(path)
        if self.path == "/v2/":
            content = b"{}"
        if self.server.is_down or content is None:
            self.send_response(503 if self.server.is_down else 404)
            content = b"{}"
        else:
            self.send_response(200)
        self.send_header("Content-Type", _MANIFEST if "/manifests/" in path else "application/octet-stream")
        self.send_header("Content-Length", str(len(content)))
        if "/manifests/" in path:
            self.send_header("Docker-Content-Digest", _digest(content))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def registry() -> Iterator[Registry]:
    """One that runs."""
    made = Registry()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()
        thread.join()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()
