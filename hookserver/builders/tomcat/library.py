"""Our own small part of Tomcat, compiled for the very Tomcat that it goes into, in a container of that image.

Each Tomcat image that compiles JSP pages brings a compiler; the classes speak the servlet API that this Tomcat has.
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

from hookserver.builders.running.cache import keep
from hookserver.builders.running.tools import BuildTools
from hookserver.builders.tomcat.base_image import Base
from hookserver.deploy_log import DeployLog
from hookserver.engine.archive import open_archive

JAR = "lib/hookserver.jar"
"""Where Tomcat finds it, below its CATALINA_BASE."""
BEGUN, ELSEWHERE = "hookserver.Begun", "hookserver.Elsewhere"
CLUSTER, LISTENER = "hookserver.Replication", "hookserver.Advice"
_SOURCES = Path(__file__).parent.parent / "java"
_WORK = "/tmp/hookserver"  # noqa: S108
_MEMORY = 512 << 20
_LIMIT = 1 << 20
# javac knows its own Java; Tomcat's compiler is there where no JDK is. A Tomcat whose clustering is another one (7.0's
# blocks for good when a peer dies), or was left out, gets the valves alone.
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
    """``jar`` is its bytes, empty where it could not be compiled; ``classes`` those of ours that it has."""

    jar: bytes = b""
    classes: frozenset[str] = frozenset()

    @property
    def replicates(self) -> bool:
        return CLUSTER in self.classes


def fingerprint() -> str:
    """Changes with the library's sources."""
    return hashlib.sha256(repr(sorted(_sources().items())).encode()).hexdigest()


def library(tools: BuildTools, base: Base, app: str, deploy: int, log: DeployLog) -> Library:
    """For this base image; remembered by its id. Raises BuildError when Docker does not do its part."""
    key = hashlib.sha256(f"{base.image} {fingerprint()}".encode()).hexdigest()
    remembered = tools.state.cache / "tomcat" / f"{key}.jar"
    try:
        return _read(remembered.read_bytes())
    except (OSError, zipfile.BadZipFile):
        classes, said = _compile(tools, base, app, deploy)
    if not classes:
        log.line(f"NOTE: this Tomcat cannot compile what hookserver adds to it: {said or 'it has no compiler'}")
        return Library()
    jar = _jar(classes)
    keep(remembered, jar)
    return _read(jar)


def packed(made: Library) -> IO[bytes]:
    """A tar of the jar in its place."""
    return _tar({JAR: made.jar})


def _sources() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in _SOURCES.rglob("*.java")}


def _compile(tools: BuildTools, base: Base, app: str, deploy: int) -> tuple[dict[str, bytes], str]:
    """The classes by their path, and what the compiler said."""
    limits = tools.engine.api.create_host_config(network_mode="none", mem_limit=_MEMORY, memswap_limit=_MEMORY)
    command = ["sh", "-c", _COMPILE]
    texts = {
        f"hookserver/{name}": text.replace(b"jakarta.servlet", f"{base.servlet or 'jakarta'}.servlet".encode())
        for name, text in _sources().items()
    }
    with (
        tools.containers.create(
            app, deploy, base.image, "compile", entrypoint=command, user="0:0", host_config=limits
        ) as container,
        tools.engine.doing("compile what hookserver adds to Tomcat"),
    ):
        tools.engine.api.put_archive(container, str(PurePosixPath(_WORK).parent), _tar(texts))
        tools.engine.api.start(container)
        tools.engine.api.wait(container)
        said = tools.engine.api.logs(container, tail=3).decode("utf-8", "replace").strip()
        try:
            with open_archive(tools.engine, container, f"{_WORK}/classes") as archive:
                return dict(_classes(archive)), said
        except FileNotFoundError:
            return {}, said


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


def _tar(files: Mapping[str, bytes]) -> IO[bytes]:
    spool = io.BytesIO()
    with tarfile.open(fileobj=spool, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    spool.seek(0)
    return spool
