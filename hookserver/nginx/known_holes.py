"""Known holes of Nginx in parts that hookserver's configuration uses, and whether this Nginx has their fixes."""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hookserver.errors import NginxError
from hookserver.nginx import binary

Version = tuple[int, ...]


@dataclass(frozen=True)
class Hole:
    """A hole that Nginx has from the version ``first`` on; each branch has its fix from one of ``fixed`` on."""

    cve: str
    part: str
    first: Version
    fixed: tuple[Version, ...]

    def is_in(self, version: Version) -> bool:
        """Whether that version, as its authors published it, has the hole."""
        in_branch = any(version[:2] == fix[:2] and version >= fix for fix in self.fixed)
        return self.first <= version < max(self.fixed) and not in_branch


_MAPS, _REWRITE = "maps with regular expressions", "ngx_http_rewrite_module"
# https://nginx.org/en/security_advisories.html, https://nginx.org/en/CHANGES, and F5's records of the last two at
# https://github.com/CVEProject/cvelistV5. The fix of CVE-2026-42533 brought CVE-2026-93479, to older versions too where
# a distribution ported it.
HOLES = (
    Hole("CVE-2026-42945", _REWRITE, (0, 6, 27), ((1, 30, 1), (1, 31, 0))),
    Hole("CVE-2026-9256", _REWRITE, (0, 1, 17), ((1, 30, 2), (1, 31, 1))),
    Hole("CVE-2026-42533", _MAPS, (0, 9, 6), ((1, 30, 4), (1, 31, 3))),
    Hole("CVE-2026-93479", _MAPS, (0, 9, 6), ((1, 30, 6), (1, 31, 7))),
    Hole("CVE-2026-125283", _MAPS, (0, 9, 6), ((1, 30, 7), (1, 31, 9))),
)


@dataclass(frozen=True)
class Line:
    """A line for a person; ``is_certain``: the holes are there."""

    text: str
    is_certain: bool


def line_about(program: str) -> Line | None:
    """A line about the holes of this Nginx; None when there are none, or when this is no Nginx."""
    try:
        version = binary.read_build(binary.locate(program)).version
        path = str(Path(binary.locate(program)).resolve())
        found = binary.run(["dpkg-query", "--search", path])
    except NginxError:
        return None
    package = owner(found.stdout)
    return judge(path, version, package, _changelog(package) if package else "")


def judge(program: str, version: Version, package: str, changelog: str) -> Line | None:
    """The line about the holes of a version, by what its package's changelog names as fixed.

    ``package``: the one that the program is from; empty: somebody built it. None: nothing is to be said.
    """
    named = {*re.findall(r"CVE-\d+-\d+", changelog)}
    holes = [hole for hole in HOLES if version and hole.is_in(version) and hole.cve not in named]
    if not holes:
        return None
    text = ".".join(map(str, version))
    if package:
        return Line(
            f"nginx: unknown whether the package {package} ({text}) has a fix for {_listed(holes)}: "
            "its changelog does not name them; keep the package up to date",
            is_certain=False,
        )
    newest = " or ".join(".".join(map(str, fix)) for fix in max(hole.fixed for hole in holes))
    return Line(
        f"nginx: {program} is Nginx {text}, which has {_listed(holes)}: use {newest}, or newer", is_certain=True
    )


def owner(found: str) -> str:
    """The package of a file, from the output of ``dpkg-query --search``; empty: it is in none."""
    names = (line.partition(": ")[0] for line in found.splitlines() if not line.startswith("diversion "))
    return next(names, "").partition(":")[0].partition(",")[0]


def _listed(holes: Sequence[Hole]) -> str:
    parts = dict.fromkeys(hole.part for hole in holes)
    return "; ".join(f"{', '.join(hole.cve for hole in holes if hole.part == part)} ({part})" for part in parts)


def _changelog(package: str) -> str:
    """Empty where the machine has none: minimal images leave it out, and Ubuntu's has only the newest entries."""
    try:
        with gzip.open(f"/usr/share/doc/{package}/changelog.Debian.gz") as file:
            return file.read(1 << 22).decode("utf-8", "replace")
    except (OSError, EOFError):
        return ""
