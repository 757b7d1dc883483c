"""The usual switch of other tools: a plain Nginx whose ``proxy_pass`` is rewritten, and a reload."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from hookserver.models import Endpoint, Slot
from hookserver.nginx.binary import locate
from tests.bench.installation import FOLDER, start
from tests.shop.installation import free_port
from tests.waiting import until


class PlainNginx:
    """Sends all requests on ``site`` to one of the slots."""

    def __init__(self, slots: Mapping[Slot, Sequence[Endpoint]]) -> None:
        self.site = f"127.0.0.1:{free_port()}"
        self.folder = FOLDER / "plain-nginx"
        self._slots = slots
        self._conf = self.folder / "nginx.conf"
        self._command = [locate("nginx"), "-p", f"{self.folder}/", "-c", str(self._conf)]

    @contextmanager
    def running(self, slot: Slot) -> Iterator[None]:
        """From its start to its end."""
        self.folder.mkdir()
        self._conf.write_text(render(self.site, self._slots, slot))
        with (self.folder / "output.log").open("w") as log:
            process = start([*self._command, "-g", "daemon off;"], log)
            try:
                until((self.folder / "nginx.pid").exists, 10.0, f"Nginx; see {self.folder}")
                yield
            finally:
                process.terminate()
                process.wait(20)

    def switch(self, slot: Slot) -> None:
        """Rewrite, test, reload."""
        self._conf.write_text(render(self.site, self._slots, slot))
        for what in (["-t", "-q"], ["-s", "reload"]):
            subprocess.run([*self._command, *what], check=True, capture_output=True)


def render(site: str, slots: Mapping[Slot, Sequence[Endpoint]], live: Slot) -> str:
    """Its configuration: what hookserver's own has, but for how the slot is chosen."""
    upstreams = "\n".join(
        f"upstream {slot} {{ {' '.join(f'server {e.host}:{e.port} max_fails=0;' for e in replicas)}"
        " keepalive 64; keepalive_requests 10000; keepalive_timeout 4s; }"
        for slot, replicas in slots.items()
    )
    temporary = " ".join(f"{kind}_temp_path {kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""worker_processes auto;
pid nginx.pid;
error_log error.log warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    {temporary}
    keepalive_requests 10000;
    {upstreams}
    server {{
        listen {site};
        location / {{
            proxy_pass http://{live};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_request_buffering off;
            proxy_connect_timeout 1s;
            proxy_read_timeout 600s;
        }}
    }}
}}
"""
