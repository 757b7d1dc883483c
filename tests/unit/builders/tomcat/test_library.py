"""Our classes for Tomcat, from the cache; ``tests/integration`` compiles them."""

from __future__ import annotations

import contextlib
import hashlib
import tarfile
from pathlib import Path

import pytest

from hookserver.builders.running.tools import BuildTools, build_tools
from hookserver.builders.tomcat import library
from hookserver.builders.tomcat.library import AFFINITY, JAR, REQUEST_JOURNAL, SESSION_LISTENER, Library
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
    names = ("hookserver/sessions/SharedSessionListener.class", "hookserver/requests/RequestJournalValve.class")
    jar = zipped(dict.fromkeys(names, b""))
    cache(tools, jar)
    built = build(tools)
    assert built == Library(jar, frozenset({SESSION_LISTENER, REQUEST_JOURNAL}))
    assert built.shares_sessions


def test_cached_library_without_session_classes_has_the_compilers_output(tools: BuildTools) -> None:
    jar = library._jar({"hookserver/requests/RequestJournalValve.class": b""}, "7 errors")
    cache(tools, jar)
    built = build(tools)
    assert built == Library(jar, frozenset({REQUEST_JOURNAL}), "7 errors")
    assert not built.shares_sessions


def test_broken_jar_in_the_cache_is_compiled_again(tools: BuildTools) -> None:
    cache(tools, b"no jar")
    with pytest.raises(BuildError, match="Docker does not answer"):
        build(tools)


def test_sources_are_those_of_the_packages_and_no_tests() -> None:
    sources = library._sources()
    assert {"hookserver/requests/RequestJournalValve.java", "hookserver/requests/AffinityValve.java"} <= sources.keys()
    assert not [path for path in sources if path.endswith("Test.java")]


def test_every_class_that_tomcats_settings_name_has_a_source_with_that_name() -> None:
    for name in (REQUEST_JOURNAL, AFFINITY):
        package, _, simple = name.rpartition(".")
        source = library._sources()[f"{name.replace('.', '/')}.java"].decode()
        assert f"package {package};" in source
        assert f"public final class {simple} " in source


def test_packed_library_has_the_jar_at_its_path() -> None:
    with tarfile.open(fileobj=library.pack_library(Library(b"jar"))) as archive:
        (entry,) = archive
        content = archive.extractfile(entry)
        assert content is not None
        assert (entry.name, entry.mode, content.read()) == (JAR, 0o644, b"jar")
