"""Our classes for Tomcat, from the cache; ``tests/integration`` compiles them."""

from __future__ import annotations

import contextlib
import hashlib
import tarfile
from pathlib import Path

import pytest

from hookserver.builders.running.tools import BuildTools, build_tools
from hookserver.builders.tomcat import library
from hookserver.builders.tomcat.library import CLUSTER, JAR, Library
from hookserver.config import DockerSettings
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError
from hookserver.state.state_dir import StateDir
from tests.unit.builders.tomcat.test_base_image import BASE
from tests.unit.builders.wars.test_facts import zipped


@pytest.fixture
def tools(tmp_path: Path) -> BuildTools:
    """No Docker answers there."""
    return build_tools(DockerSettings(host="tcp://127.0.0.1:1"), StateDir(tmp_path))


def build(tools: BuildTools) -> Library:
    with contextlib.closing(DeployLog(tools.state.root / "log")) as log:
        return library.build_library(tools, BASE, "shop", 1, log)


def cache(tools: BuildTools, content: bytes) -> None:
    key = hashlib.sha256(f"{BASE.image} {library.fingerprint()}".encode()).hexdigest()
    (tools.state.cache / "tomcat").mkdir(parents=True)
    (tools.state.cache / "tomcat" / f"{key}.jar").write_bytes(content)


def test_cached_library_needs_no_docker_and_names_its_classes(tools: BuildTools) -> None:
    jar = zipped({"hookserver/Replication.class": b"", "hookserver/Begun.class": b""})
    cache(tools, jar)
    built = build(tools)
    assert built == Library(jar, frozenset({"hookserver.Replication", "hookserver.Begun"}))
    assert built.replicates


def test_broken_jar_in_the_cache_is_compiled_again(tools: BuildTools) -> None:
    cache(tools, b"no jar")
    with pytest.raises(BuildError, match="Docker does not answer"):
        build(tools)


def test_library_replicates_with_the_class_of_the_cluster_only() -> None:
    assert Library(b"", frozenset({CLUSTER})).replicates
    assert not Library(b"", frozenset({"hookserver.Begun"})).replicates


def test_packed_library_has_the_jar_at_its_path() -> None:
    with tarfile.open(fileobj=library.pack_library(Library(b"jar"))) as archive:
        (entry,) = archive
        content = archive.extractfile(entry)
        assert content is not None
        assert (entry.name, entry.mode, content.read()) == (JAR, 0o644, b"jar")
