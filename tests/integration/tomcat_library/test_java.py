"""The Java tests of the classes that hookserver adds to Tomcat, against each line, in the builder image of Maven."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import docker.errors
import pytest

import hookserver
from hookserver.builders import BuildJob
from hookserver.builders.kinds import maven
from hookserver.builders.running.tools import BuildTools, build_tools
from hookserver.config import AppSettings, DockerSettings
from hookserver.deploy_log import DeployLog
from hookserver.engine.labels import APP
from hookserver.engine.network import network_name
from hookserver.errors import BuildError
from hookserver.state.state_dir import StateDir
from tests.integration.builders.conftest import CA_BUNDLE
from tests.shop.leftovers import remove_containers

SUBNET = IPv4Network("172.30.187.0/27")

PROJECT = Path(hookserver.__file__).parent / "tomcat_library"
NAME = "it-java"
"""The app whose cache volume stays, so that no later run downloads the lines again."""
LINES = ["7.0", "8.5", "9.0", "10.1", "11.0"]
# A build of Maven's must leave a WAR: an empty one says that all tests have passed.
COMMAND = 'mvn -B -ntp test -Dtomcat="$0" && touch target/passed.war'


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[BuildTools]:
    made = build_tools(DockerSettings(), StateDir(tmp_path / "state"))
    remove_containers(made.engine.api, f"{APP}={NAME}")  # of a killed run
    _remove_network(made)
    yield made
    made.containers.wait_removed()
    _remove_network(made)
    made.engine.close()


def _remove_network(tools: BuildTools) -> None:
    """The next test has another state_dir, and a network belongs to one."""
    with contextlib.suppress(docker.errors.NotFound):
        tools.engine.api.remove_network(network_name(SUBNET))


def job(line: str, root: Path) -> BuildJob:
    source, work = root / "source", root / "work"
    shutil.copytree(PROJECT, source, ignore=shutil.ignore_patterns("target"))
    work.mkdir()
    build = {
        "command": ["sh", "-c", COMMAND, line],
        "memory": "2g",
        **({"ca_bundle": str(CA_BUNDLE)} if CA_BUNDLE.exists() else {}),
    }
    app = {"name": NAME, "repository": "push", "domains": ["java.test"], "build": build}
    return BuildJob(AppSettings.model_validate(app), 1, "0" * 40, source, work, SUBNET)


def classes_with_tests(line: str) -> list[str]:
    """The names of the project's test classes for this line."""
    tests = PROJECT / "src/test/java"
    files = [file.relative_to(tests) for file in tests.rglob("*Test.java")]
    fitting = [file for file in files if line != "7.0" or "sessions" not in file.parts]
    return [".".join(file.with_suffix("").parts) for file in fitting]


@pytest.mark.parametrize("line", LINES)
def test_java_tests_pass_against_an_embedded_tomcat_of_the_line(tools: BuildTools, tmp_path: Path, line: str) -> None:
    logged = tmp_path / "log"
    with contextlib.closing(DeployLog(logged)) as log:
        try:
            maven.make(tools, job(line, tmp_path), log)
        except BuildError as error:
            pytest.fail(f"{error.problem}\n{logged.read_text()}")
    text = logged.read_text()
    assert f"Apache Tomcat/{line}." in text
    passed = re.findall(r"Tests run: [1-9]\d*, Failures: 0, Errors: 0, Skipped: 0, .* -- in (\S+)", text)
    assert sorted(passed) == sorted(classes_with_tests(line))
