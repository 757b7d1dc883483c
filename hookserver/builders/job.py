"""What is asked of a build, and what a kind of build is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hookserver.builders.running.tools import BuildTools
from hookserver.config import AppSettings
from hookserver.deploy_log import DeployLog


@dataclass(frozen=True)
class BuildJob:
    """One build of ``app`` for a deploy.

    ``source`` holds the files of exactly ``commit`` (the full hash); they are hostile: nothing in them is run or
    followed on the host. ``work`` is a folder for what comes up on the way; the caller removes it.
    """

    app: AppSettings
    deploy: int
    commit: str
    source: Path
    work: Path
    rebuild: bool = False


@dataclass(frozen=True)
class Seen:
    """What a kind recognised in a source, in words. ``sure`` is false for a guess that any other kind may overrule."""

    what: str
    sure: bool = True


@dataclass(frozen=True)
class War:
    """A build's product: a WAR file on the host, hostile as its source.

    ``maven`` is the app's own builder image when that has Maven; empty: it named none.
    """

    path: Path
    maven: str = ""


@dataclass(frozen=True)
class WholeImage:
    """A build's product: an image that brings its own server."""

    image: str


class Kind(Protocol):
    """One way from a source to a WAR or an image: a module with these names."""

    looks_for: str
    """What it goes by, for those whose project no kind recognises."""

    brings_server: bool
    """Whether it makes a WholeImage; else a WAR, for ``tomcat.image``."""

    def recognise(self, source: Path) -> Seen | None:
        """What speaks for this kind in the source; None: nothing does."""

    def fingerprint(self, job: BuildJob) -> str:
        """What the product depends on beside the commit and the settings; empty: nothing. Raises BuildError."""

    def make(self, tools: BuildTools, job: BuildJob, log: DeployLog) -> War | WholeImage:
        """Build. Raises BuildError with the cause."""
