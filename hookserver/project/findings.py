"""The findings about a project. Each one says where it was read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Evidence:
    """A value, and where it was read. A ``weak`` one counts only if there is no other."""

    value: str
    where: str
    weak: bool = False


def where_of(evidence: Iterable[Evidence], value: str, otherwise: str) -> str:
    """Where the value was read; ``otherwise`` if no evidence has it."""
    return next((found.where for found in evidence if found.value == value), otherwise)


@dataclass(frozen=True)
class Dependency:
    """A library that a build file names, or a jar in the project (its group is then empty)."""

    group: str
    artifact: str
    version: str
    where: str
    scope: str = ""

    @property
    def is_shipped(self) -> bool:
        """Whether the running program contains the library."""
        return self.scope not in ("test", "provided", "import")

    def __str__(self) -> str:
        return " ".join(part for part in (self.artifact, self.version) if part)


@dataclass(frozen=True)
class Build:
    """One way to build the project.

    ``description`` is for people. ``wars`` are globs of the WARs that come out, ``java`` the Java levels, the highest
    first. ``builder_java`` is the Java version that the build itself needs, ``builder_tool`` the version of its tool,
    ``tomcat`` the Tomcat version that the build file names. ``command`` is set if the default command of the kind does
    not work, ``command_reason`` says why; ``arguments`` are its additional arguments. ``base`` is the base image of
    a Dockerfile, ``path`` the URL path of the app in its image (its value is empty if the name is unknown). ``missing``
    is what must be built before.
    """

    kind: str
    description: str
    wars: tuple[Evidence, ...] = ()
    name: Evidence | None = None
    wrapper: str = ""
    modules: tuple[str, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    java: tuple[Evidence, ...] = ()
    builder_java: Evidence | None = None
    builder_tool: Evidence | None = None
    tomcat: Evidence | None = None
    arguments: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    command_reason: str = ""
    base: str = ""
    path: Evidence | None = None
    missing: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hit:
    """A match in a source file."""

    path: str
    text: str


@dataclass(frozen=True)
class Hits:
    """The first matches of one pattern, and the number of files that have one. False if there is none."""

    first: tuple[Hit, ...] = ()
    files: int = 0

    def __bool__(self) -> bool:
        return bool(self.first)

    def __str__(self) -> str:
        more = f" and {self.files - 1} more" if self.files > 1 else ""
        return f"{self.first[0].path}{more}"


@dataclass(frozen=True)
class Health:
    """A path for the health check. ``is_guess``: nothing in the project confirms it."""

    path: str
    where: str
    is_guess: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Caution:
    """A problem that this project has with two replicas, or with a new container for each release.

    ``topic`` is the section of the settings file that shows it.
    """

    topic: str
    text: str


@dataclass(frozen=True)
class SessionUse:
    """How a project uses sessions.

    ``where`` is the first place that was seen; empty: none. ``unserializable`` are the project's own classes that it
    puts into sessions and that are certainly not serializable. ``manager`` is a session manager that the project
    configures in place of Tomcat's; empty: none.
    """

    where: str = ""
    unserializable: tuple[str, ...] = ()
    manager: str = ""


@dataclass(frozen=True)
class Project:
    """All findings about a project.

    ``builds`` is sorted, the proposed one first. ``api`` has the evidence for ``javax`` and for ``jakarta``,
    ``servlet`` is the highest servlet version. ``embedded`` names a database inside the app. ``tomcat_files`` maps
    places below Tomcat's folder (the values) to paths in the project. ``variables`` are the environment variables that
    the project reads.
    """

    root: Path
    builds: tuple[Build, ...] = ()
    api: tuple[Evidence, ...] = ()
    servlet: Evidence | None = None
    health: Health = field(default=Health("/", "", is_guess=True))
    embedded: str = ""
    cautions: tuple[Caution, ...] = ()
    sessions: SessionUse = SessionUse()
    origin: Evidence | None = None
    branches: tuple[Evidence, ...] = ()
    tomcat_files: tuple[Evidence, ...] = ()
    variables: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def build(self) -> Build | None:
        """The proposed way to build it; None if there is none."""
        return self.builds[0] if self.builds else None
