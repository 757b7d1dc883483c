"""Our own classes for Tomcat, compiled against the Tomcat that loads them, in a container of that image.

Every Tomcat image that compiles JSP pages has a compiler. The classes use the servlet API of that Tomcat.
"""

from __future__ import annotations

import hashlib
import io
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
from hookserver.limits.tar import Member
from hookserver.plain_text import plain

JAR = "lib/hookserver.jar"
"""The path below CATALINA_BASE, from which Tomcat's common class loader loads it."""
REQUEST_JOURNAL = "hookserver.requests.RequestJournalValve"
AFFINITY = "hookserver.requests.AffinityValve"
SESSION_LISTENER = "hookserver.sessions.SharedSessionListener"
_SOURCES = Path(__file__).parents[2] / "tomcat_library/src/main/java"
_COMPILER_OUTPUT = "META-INF/compiler-output.txt"
"""The entry of the jar with the output of a compiler that could not compile everything."""
_WORK = "/tmp/hookserver"  # noqa: S108
_MEMORY = 512 << 20
_LIMIT = 1 << 20
_OUTPUT_LINES = 8
# Images with a JRE have no javac, but Tomcat's own compiler for JSP pages, Eclipse's, in lib/ecj-*.jar:
# https://tomcat.apache.org/tomcat-10.1-doc/jasper-howto.html
# The package hookserver.sessions needs Tomcat 8.5 or newer, and hookserver.requests any Tomcat.
_COMPILE = f"""
cd "${{CATALINA_HOME:-/usr/local/tomcat}}" && mkdir {_WORK}/classes || exit
PATH="$JAVA_HOME/bin:$PATH"
compile() {{
    command -v javac >/dev/null &&
    javac -nowarn -proc:none -d {_WORK}/classes -cp "lib/*:bin/tomcat-juli.jar" "$@" ||
    java -cp "lib/*:bin/tomcat-juli.jar" org.eclipse.jdt.internal.compiler.batch.Main \\
        -1.8 -nowarn -proc:none -d {_WORK}/classes "$@"
}}
compile {_WORK}/sources/hookserver/*/*.java && exit
rm -rf {_WORK}/classes/*
compile {_WORK}/sources/hookserver/requests/*.java
"""


@dataclass(frozen=True)
class Library:
    """``jar`` is the jar's content, empty when it could not be compiled; ``classes`` are the names of its classes.

    ``compiler_output`` says why some of the sources could not be compiled.
    """

    jar: bytes = b""
    classes: frozenset[str] = frozenset()
    compiler_output: str = ""

    @property
    def shares_sessions(self) -> bool:
        """Whether it has the classes by which replicas share sessions."""
        return SESSION_LISTENER in self.classes


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
        return Library(compiler_output=output)
    jar = _jar(classes, output)
    write_cached(cached, jar)
    return _read(jar)


def pack_library(library: Library) -> IO[bytes]:
    """A tar file with the jar at its path below CATALINA_BASE."""
    return pack([Entry(JAR, library.jar)])


def _sources() -> dict[str, bytes]:
    """The texts by their paths below the folder of sources."""
    return {path.relative_to(_SOURCES).as_posix(): path.read_bytes() for path in _SOURCES.rglob("*.java")}


def _compile(tools: BuildTools, base: Base, app: str, deploy: int) -> tuple[dict[str, bytes], str]:
    """The classes by their paths, and the first lines of the compiler's output."""
    limits = tools.engine.api.create_host_config(network_mode="none", mem_limit=_MEMORY, memswap_limit=_MEMORY)
    command = ["sh", "-c", _COMPILE]
    texts = [
        Entry(
            f"hookserver/sources/{path}",
            text.replace(b"jakarta.servlet", f"{base.servlet or 'jakarta'}.servlet".encode()),
        )
        for path, text in _sources().items()
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
        lines = plain(tools.engine.api.logs(container).decode("utf-8", "replace")).strip().splitlines()
        output = "\n".join(lines[:_OUTPUT_LINES])
        try:
            with open_archive(tools.engine, container, f"{_WORK}/classes") as archive:
                return dict(_classes(archive)), output
        except FileNotFoundError:
            return {}, output


def _classes(archive: Iterator[Member]) -> Iterator[tuple[str, bytes]]:
    for entry in archive:
        if entry.kind == "file" and entry.size < _LIMIT and entry.name.endswith(".class"):
            yield entry.name.removeprefix("classes/"), entry.read()


def _jar(classes: Mapping[str, bytes], output: str) -> bytes:
    is_whole = f"{SESSION_LISTENER.replace('.', '/')}.class" in classes
    files = dict(classes) if is_whole else {**classes, _COMPILER_OUTPUT: output.encode()}
    spool = io.BytesIO()
    with zipfile.ZipFile(spool, "w", zipfile.ZIP_DEFLATED) as jar:
        for path, content in sorted(files.items()):
            jar.writestr(zipfile.ZipInfo(path), content)
    return spool.getvalue()


def _read(jar: bytes) -> Library:
    with zipfile.ZipFile(io.BytesIO(jar)) as archive:
        paths = archive.namelist()
        output = archive.read(_COMPILER_OUTPUT).decode() if _COMPILER_OUTPUT in paths else ""
    classes = (path.removesuffix(".class").replace("/", ".") for path in paths if path.endswith(".class"))
    return Library(jar, frozenset(classes), output)
