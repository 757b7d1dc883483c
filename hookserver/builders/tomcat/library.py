"""Our own classes for Tomcat, compiled against the Tomcat that loads them, in a container of that image.

Every Tomcat image that compiles JSP pages has a compiler. The classes use the servlet API of that Tomcat.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from hookserver.builders.running.cache import write_cached
from hookserver.builders.running.tools import BuildTools
from hookserver.builders.tomcat.base_image import Base
from hookserver.deploy_log import DeployLog
from hookserver.engine.archive import Entry, open_archive, pack

JAR = "lib/hookserver.jar"
"""The path below CATALINA_BASE, from which Tomcat's common class loader loads it."""
BEGUN, ELSEWHERE = "hookserver.Begun", "hookserver.Elsewhere"
CLUSTER, LISTENER = "hookserver.Replication", "hookserver.Advice"
_SOURCES = Path(__file__).parent.parent / "java"
_WORK = "/tmp/hookserver"  # noqa: S108
_MEMORY = 512 << 20
_LIMIT = 1 << 20
# Images with a JRE have no javac, but Tomcat's own compiler for JSP pages, Eclipse's, in lib/ecj-*.jar:
# https://tomcat.apache.org/tomcat-10.1-doc/jasper-howto.html
# A Tomcat with another clustering (7.0's blocks forever when a peer dies), or without, gets the valves alone.
_COMPILE = f"""
cd "${{CATALINA_HOME:-/usr/local/tomcat}}" && mkdir {_WORK}/classes || exit
PATH="$JAVA_HOME/bin:$PATH"
compile() {{
    javac -nowarn -proc:none -d {_WORK}/classes -cp "lib/*:bin/tomcat-juli.jar" "$@" ||
    java -cp "lib/*:bin/tomcat-juli.jar" org.eclipse.jdt.internal.compiler.batch.Main \\
        -1.8 -nowarn -proc:none -d {_WORK}/classes "$@"
}}
compile {_WORK}/*.java && exit
rm -rf {_WORK}/classes/*
compile {_WORK}/Elsewhere.java {_WORK}/Begun.java {_WORK}/Completion.java {_WORK}/Marks.java
"""


@dataclass(frozen=True)
class Library:
    """``jar`` is the jar's content, empty when it could not be compiled; ``classes`` are the names of its classes."""

    jar: bytes = b""
    classes: frozenset[str] = frozenset()

    @property
    def replicates(self) -> bool:
        """Whether it has the classes that replicate sessions."""
        return CLUSTER in self.classes


def fingerprint() -> str:
    """The digest of the library's sources."""
    return hashlib.sha256(repr(sorted(_sources().items())).encode()).hexdigest()


def build_library(tools: BuildTools, base: Base, app: str, deploy: int, log: DeployLog) -> Library:
    """The library for this base image, from the cache if it is there. Raises BuildError when Docker refuses."""
    key = hashlib.sha256(f"{base.image} {fingerprint()}".encode()).hexdigest()
    cached = tools.state.cache / "tomcat" / f"{key}.jar"
    try:
        return _read(cached.read_bytes())
    except (OSError, zipfile.BadZipFile):
        classes, output = _compile(tools, base, app, deploy)
    if not classes:
        log.line(f"NOTE: this Tomcat cannot compile hookserver's classes: {output or 'it has no compiler'}")
        return Library()
    jar = _jar(classes)
    write_cached(cached, jar)
    return _read(jar)


def pack_library(library: Library) -> IO[bytes]:
    """A tar file with the jar at its path below CATALINA_BASE."""
    return pack([Entry(JAR, library.jar)])


def _sources() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in _SOURCES.rglob("*.java")}


def _compile(tools: BuildTools, base: Base, app: str, deploy: int) -> tuple[dict[str, bytes], str]:
    """The classes by their paths, and the last lines of the compiler's output."""
    limits = tools.engine.api.create_host_config(network_mode="none", mem_limit=_MEMORY, memswap_limit=_MEMORY)
    command = ["sh", "-c", _COMPILE]
    texts = [
        Entry(f"hookserver/{name}", text.replace(b"jakarta.servlet", f"{base.servlet or 'jakarta'}.servlet".encode()))
        for name, text in _sources().items()
    ]
    with (
        tools.containers.create(
            app, deploy, base.image, "compile", entrypoint=command, user="0:0", host_config=limits
        ) as container,
        tools.engine.doing("compile hookserver's classes for Tomcat"),
    ):
        tools.engine.api.put_archive(container, str(PurePosixPath(_WORK).parent), pack(texts))
        tools.engine.api.start(container)
        tools.engine.api.wait(container)
        output = tools.engine.api.logs(container, tail=3).decode("utf-8", "replace").strip()
        try:
            with open_archive(tools.engine, container, f"{_WORK}/classes") as archive:
                return dict(_classes(archive)), output
        except FileNotFoundError:
            return {}, output


def _classes(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for entry in archive:
        content = archive.extractfile(entry) if entry.isreg() and entry.size < _LIMIT else None
        if content is not None and entry.name.endswith(".class"):
            yield entry.name.removeprefix("classes/"), content.read()


def _jar(classes: Mapping[str, bytes]) -> bytes:
    spool = io.BytesIO()
    with zipfile.ZipFile(spool, "w", zipfile.ZIP_DEFLATED) as jar:
        for path, content in sorted(classes.items()):
            jar.writestr(zipfile.ZipInfo(path), content)
    return spool.getvalue()


def _read(jar: bytes) -> Library:
    with zipfile.ZipFile(io.BytesIO(jar)) as archive:
        names = frozenset(name.removesuffix(".class").replace("/", ".") for name in archive.namelist())
    return Library(jar, names)
