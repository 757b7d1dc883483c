"""The request for a build, its products, and the interface of a kind of build."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path
from typing import Protocol

from hookserver.builders.running.tools import BuildTools
from hookserver.config import AppSettings
from hookserver.deploy_log import DeployLog


@dataclass(frozen=True)
class BuildJob:
    """One build of ``app`` for a deploy.

    ``source`` has the files of exactly ``commit`` (the full hash). They may be hostile: on the host, none is run and no
    symlink is followed. ``work`` is a folder for temporary files; the caller removes it. ``subnet`` is the app's own:
    the build runs on its network, and the image's Tomcat trusts its gateway. With ``rebuild``, no existing image is
    used. ``started`` is when the build's time began, by ``time.monotonic()``.
    """

    app: AppSettings
    deploy: int
    commit: str
    source: Path
    work: Path
    subnet: IPv4Network
    rebuild: bool = False
    started: float = field(default_factory=time.monotonic)

    @property
    def ends(self) -> float:
        """When ``build.timeout`` is over, by ``time.monotonic()``."""
        return self.started + self.app.build.timeout

    def seconds_left(self) -> float:
        """Seconds until then; 0 when it is over."""
        return max(0.0, self.ends - time.monotonic())


@dataclass(frozen=True)
class War:
    """A build's product: a WAR file on the host, which may be as hostile as its source.

    ``maven`` is the builder image that the app names, when that has Maven; empty: none is named.
    """

    path: Path
    maven: str = ""


@dataclass(frozen=True)
class WholeImage:
    """A build's product: an image that brings its own server."""

    image: str


class Kind(Protocol):
    """One way from a source to a WAR or an image: a module of ``builders/kinds`` with these names."""

    recognised_by: str
    """The files that this kind needs, for the error when no kind fits."""

    default_image: str
    """The builder image where the settings name none; empty: this kind needs no builder."""

    brings_server: bool
    """Whether it makes a WholeImage; otherwise a WAR, which runs on ``tomcat.image``."""

    def recognise(self, source: Path) -> str:
        """The reason why the kind fits the source, for the log; empty if it does not."""

    def fingerprint(self, job: BuildJob) -> str:
        """A digest of all inputs beside the commit and the settings; empty if there are no others.

        Raises BuildError when that cannot be read.
        """

    def make(self, tools: BuildTools, job: BuildJob, log: DeployLog) -> War | WholeImage:
        """Build the source. Raises BuildError with the cause."""
