"""The app's own files for Tomcat (``tomcat.files``), from its repository or this machine."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

from hookserver.builders.job import BuildJob
from hookserver.builders.running import source as sources
from hookserver.builders.tomcat.base_image import SETTINGS_FILES, Base, SettingsFile
from hookserver.builders.tomcat.check_xml import check_xml
from hookserver.deploy_log import DeployLog
from hookserver.engine.archive import Entry, pack
from hookserver.errors import BuildError

_LIMIT = 64 << 20
_OVERWRITES = re.compile(r"^[ \t]*(?:export[ \t]+)?CATALINA_OPTS=(?!.*\$\{?CATALINA_OPTS\b)", re.MULTILINE)
_MANAGERS = re.compile(r"conf/[^/]+/[^/]+/(manager|host-manager)\.xml")


@dataclass(frozen=True)
class OwnFile:
    """A file and its place below Tomcat's folder, such as ``conf/server.xml``."""

    place: str
    content: bytes

    @property
    def settings(self) -> str:
        """The name, if it is one of the settings files that hookserver edits; else empty."""
        folder, _, name = self.place.rpartition("/")
        return name if folder == "conf" and name in SETTINGS_FILES else ""


def read_own_files(job: BuildJob, log: DeployLog) -> tuple[OwnFile, ...]:
    """Read and check the app's files; notes about them go to the log.

    Raises BuildError for a file that is missing, is outside the repository, or has not the content of its place.
    """
    files = []
    for place, name in job.app.tomcat.files.items():
        content = _checked(place, _read(job.source, name, place), name)
        files.append(OwnFile(place, content))
        log.line(f"{place}: {name}")
        for note in notes(files[-1], set(job.app.tomcat.files)):
            log.line(f"NOTE: {note}")
    return tuple(files)


def fingerprint(job: BuildJob) -> dict[str, str]:
    """The digests of the files on this machine, which no commit includes. Raises BuildError when one cannot be read."""
    on_host = {place: name for place, name in job.app.tomcat.files.items() if name.startswith("/")}
    return {place: hashlib.sha256(_read(job.source, name, place)).hexdigest() for place, name in on_host.items()}


def notes(file: OwnFile, places: set[str]) -> list[str]:
    """Notes about a file for the log. ``places`` are those of all files."""
    if file.place == "bin/setenv.sh" and _OVERWRITES.search(file.content.decode("utf-8", "replace")):
        return [
            "bin/setenv.sh overwrites CATALINA_OPTS: tomcat.java_opts and the route of sticky sessions are lost; "
            'write CATALINA_OPTS="$CATALINA_OPTS …"'
        ]
    manager = _MANAGERS.fullmatch(file.place)
    if manager:
        return [f"{file.place}: all visitors of this app can reach /{manager[1]} through Nginx too"]
    if (
        file.place == "conf/tomcat-users.xml"
        and b"manager" in file.content
        and not any(map(_MANAGERS.fullmatch, places))
    ):
        return ["the manager application is not in the image; to add it, add conf/Catalina/localhost/manager.xml"]
    return []


def override_settings(base: Base, files: Iterable[OwnFile]) -> Base:
    """The base with the app's own settings files instead of the image's, to be edited next."""
    conf = dict(base.conf)
    for file in files:
        if file.settings:
            like = conf.get(file.settings) or conf["server.xml"]
            conf[file.settings] = replace(like, text=file.content.decode("utf-8"))
    return replace(base, conf=conf)


def pack_files(files: Iterable[OwnFile], like: SettingsFile) -> IO[bytes]:
    """All files except settings files as a tar file, with the owner of ``like``, and its mode for those in ``conf``."""
    modes = {"bin": 0o755, "lib": 0o644}
    return pack(
        Entry(file.place, file.content, modes.get(PurePosixPath(file.place).parts[0], like.mode), like.uid, like.gid)
        for file in files
        if not file.settings
    )


def digest(files: Iterable[OwnFile]) -> dict[str, str]:
    """The digests of the files, by place."""
    return {file.place: hashlib.sha256(file.content).hexdigest() for file in files}


def _read(source: Path, name: str, place: str) -> bytes:
    file = Path(name) if name.startswith("/") else sources.find_file(source, name)
    where = "on this machine" if name.startswith("/") else "in the repository, or a link leads out of it"
    if file is None or not file.is_file():
        raise BuildError(
            f"tomcat.files: {name} (for {place}) is not {where}",
            "Use the path of a file in the repository, or an absolute path on this machine.",
        )
    try:
        if file.stat().st_size > _LIMIT:
            raise BuildError(f"tomcat.files: {name} is larger than {_LIMIT >> 20} MB", "Mount it with tomcat.volumes.")
        return file.read_bytes()
    except OSError as error:
        raise BuildError(f"tomcat.files: {name} cannot be read: {error}", "Make it readable.") from error


def _checked(place: str, content: bytes, name: str) -> bytes:
    """The content for the image. Raises BuildError when it does not fit the place."""
    if place.endswith(".jar"):
        if not zipfile.is_zipfile(io.BytesIO(content)):
            raise BuildError(
                f"{name} (for {place}) is not a jar",
                "Commit the jar itself: files in Git LFS are not fetched.",
            )
        return content
    if place == "bin/setenv.sh":
        return content.replace(b"\r\n", b"\n")
    if place.endswith(".xml"):
        check_xml(place, content, name)
    if PurePosixPath(place).name in SETTINGS_FILES:
        try:
            content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BuildError(f"{name} (for {place}) is not in UTF-8: {error}", "Save it as UTF-8.") from error
    return content
