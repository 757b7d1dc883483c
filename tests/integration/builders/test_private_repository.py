"""A company's own repository, reached by a proxy alone, with a password: settings.xml and files on the host say how."""

from __future__ import annotations

import base64
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hookserver.config.secrets import secrets_of
from hookserver.deploy_log import DeployLog
from tests.integration.builders.conftest import BuildSite
from tests.integration.builders.kinds.test_maven import BUILD, POM, SOURCE

PASSWORD = "open sesame 4711"
TOOL = "http://repo.acme.test/maven/acme/tool/1.0/tool-1.0"
POM_OF_TOOL = (
    b"<project><modelVersion>4.0.0</modelVersion><groupId>acme</groupId><artifactId>tool</artifactId>"
    b"<version>1.0</version></project>"
)
NEEDS_TOOL = """
  <repositories><repository><id>acme</id><url>http://repo.acme.test/maven</url></repository></repositories>
  <dependencies><dependency>
    <groupId>acme</groupId><artifactId>tool</artifactId><version>1.0</version>
  </dependency></dependencies>
  <build>"""
SETTINGS = """<settings>
  <proxies><proxy>
    <protocol>http</protocol><host>{host}</host><port>{port}</port><nonProxyHosts>*apache.org|*maven.org</nonProxyHosts>
  </proxy></proxies>
  <servers><server>
    <id>acme</id><username>shop</username><password>${{env.REPOSITORY_PASSWORD}}</password>
  </server></servers>
  <mirrors><mirror>
    <id>maven-default-http-blocker</id><mirrorOf>nobody</mirrorOf><url>http://0.0.0.0/</url>
  </mirror></mirrors>
</settings>
"""


@dataclass
class Proxy:
    """The only way to the company's repository; ``requested`` has the paths that the right user requested."""

    port: int = 0
    requested: list[str] = field(default_factory=list)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    made, jar = Proxy(), io.BytesIO()
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("acme/tool.txt", "tool")
    files = {f"{TOOL}.pom": POM_OF_TOOL, f"{TOOL}.jar": jar.getvalue()}
    allowed = "Basic " + base64.b64encode(f"shop:{PASSWORD}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, status = files.get(self.path, b""), 200 if self.path in files else 404
            if self.headers["Authorization"] != allowed:
                body, status = b"", 401
            else:
                made.requested.append(self.path)
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="acme"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("0.0.0.0", 0), Handler) as server:
        made.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made
        server.shutdown()


@pytest.fixture
def host_address(site: BuildSite) -> Iterator[str]:
    """An address of this host that a build reaches: the gateway of a network, which Docker sets on the host.

    The default bridge lists none on some engines (20.10), a network that is created here always does.
    """
    network = site.client.create_network(f"hs-{site.app}", labels={"hookserver.state_dir": str(site.root)})["Id"]
    try:
        yield site.client.inspect_network(network)["IPAM"]["Config"][0]["Gateway"]
    finally:
        site.client.remove_network(network)


def test_build_takes_a_jar_from_a_private_repository_behind_a_proxy_and_never_shows_its_password(
    site: BuildSite, proxy: Proxy, host_address: str, tmp_path: Path
) -> None:
    password, settings = tmp_path / "password", tmp_path / "settings.xml"
    password.write_text(f"{PASSWORD}\n")
    settings.write_text(SETTINGS.format(host=host_address, port=proxy.port))
    build = {
        **BUILD,
        "env_files": {"REPOSITORY_PASSWORD": str(password)},
        "volumes": [f"{settings}:/root/.m2/settings.xml"],
        "command": ["sh", "-c", "echo it is $REPOSITORY_PASSWORD; mvn -ntp -B -DskipTests package"],
    }
    job = site.job({**SOURCE, "pom.xml": POM.replace("\n  <build>", NEEDS_TOOL, 1)}, build=build)
    log = DeployLog(tmp_path / "deploy.log", secrets_of(job.app))
    image = site.images.build(job, log)
    log.close()
    assert f"{TOOL}.jar" in proxy.requested
    metadata = json.dumps([site.inspect(image), site.client.history(image)])
    output = (tmp_path / "deploy.log").read_text()
    assert PASSWORD not in output + metadata
    assert "it is ••••••" in output
