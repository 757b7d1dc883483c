"""What was found in a project, each with what it was read from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Evidence:
    """A value, and where it was read. ``weak``: it counts only where nothing else says more."""

    value: str
    where: str
    weak: bool = False


@dataclass(frozen=True)
class Dependency:
    """A library that a build file names, or that lies there as a file (then without a group)."""

    group: str
    artifact: str
    version: str
    where: str
    scope: str = ""

    @property
    def is_shipped(self) -> bool:
        """Whether the running program has it."""
        return self.scope not in ("test", "provided", "import")

    def __str__(self) -> str:
        return " ".join(part for part in (self.artifact, self.version) if part)


@dataclass(frozen=True)
class Build:
    """One way to build the project. ``wars`` are globs of what comes out, ``java`` its levels, highest first.

    ``builder_java`` is a Java version that the build itself asks for, ``builder_tool`` a version of its tool,
    ``tomcat`` the version of Tomcat that the build file names.
    ``command`` is needed where the kind's own would not do, for the reason ``command_reason``; ``arguments`` is what it
    says besides. ``path`` is where the app answers in the image that comes out, where that is not the settings' choice
    (empty: not known), ``lacks`` what something else must build first.
    """

    kind: str
    what: str
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
    path: Evidence | None = None
    lacks: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hit:
    """A place in a source that matters."""

    path: str
    text: str


@dataclass(frozen=True)
class Hits:
    """The first places of one sort, and how many files have one."""

    first: tuple[Hit, ...]
    files: int

    def __str__(self) -> str:
        more = f" and {self.files - 1} more" if self.files > 1 else ""
        return f"{self.first[0].path}{more}"


@dataclass(frozen=True)
class Health:
    """A path that may tell whether the app is well. ``is_guess``: nothing in the project speaks for it."""

    path: str
    where: str
    is_guess: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Caution:
    """What two replicas, or a new container, would do to this project. ``topic`` is where the settings file says it.

    ``advised`` is the value that suits, where there is one key to set.
    """

    topic: str
    text: str
    advised: str = ""


@dataclass(frozen=True)
class Project:
    """A project as it was found. ``api`` has ``javax`` or ``jakarta`` for each thing that speaks for it.

    ``builds`` is in the order in which they are proposed, ``embedded`` says which database lives inside the app,
    ``tomcat_files`` which files are Tomcat's own (their value is the place below Tomcat's folder, where: the path),
    ``variables`` which names of the environment are read.
    """

    root: Path
    builds: tuple[Build, ...] = ()
    api: tuple[Evidence, ...] = ()
    servlet: Evidence | None = None
    health: Health = field(default=Health("/", "", is_guess=True))
    embedded: str = ""
    cautions: tuple[Caution, ...] = ()
    origin: Evidence | None = None
    branches: tuple[Evidence, ...] = ()
    tomcat_files: tuple[Evidence, ...] = ()
    variables: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def build(self) -> Build | None:
        """The way of building that is proposed."""
        return self.builds[0] if self.builds else None
