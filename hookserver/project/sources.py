"""Searches a project's sources, in one pass, for code that matters to a deploy."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hookserver.project.comments import CODE, PAGES, SETTINGS, without_comments
from hookserver.project.findings import Hit, Hits
from hookserver.project.folder import Folder
from hookserver.project.mapped_root import MAPPED, VIEW

_MAX_HITS = 20
_CONFIGURATION = (".xml", *SETTINGS)


_SEARCHES: Mapping[str, tuple[re.Pattern[str], tuple[str, ...]]] = {
    "javax": (re.compile(r"(?m)^[ \t]*(import[ \t]+(?:static[ \t]+)?javax\.servlet\.)"), CODE),
    "jakarta": (re.compile(r"(?m)^[ \t]*(import[ \t]+(?:static[ \t]+)?jakarta\.servlet\.)"), CODE),
    "javax page": (re.compile(r'(import\s*=\s*"[^"<>]{0,500}javax\.servlet\.)'), PAGES),
    "jakarta page": (re.compile(r'(import\s*=\s*"[^"<>]{0,500}jakarta\.servlet\.|"jakarta\.tags\.\w+")'), PAGES),
    "scheduled": (re.compile(r"(@Scheduled\b|@EnableScheduling\b)"), CODE),
    "scheduled in XML": (re.compile(r"(<task:scheduled\b|<task:annotation-driven\b)"), (".xml",)),
    "quartz": (re.compile(r"(import[ \t]+org\.quartz\.)"), CODE),
    "timer": (
        re.compile(
            r"(\bTimerService\b|\bScheduledExecutorService\b|\bnewScheduledThreadPool\b|"
            r"\bnewSingleThreadScheduledExecutor\b|\bnew[ \t]+Timer\(|@Schedule\b)"
        ),
        CODE,
    ),
    "session": (re.compile(r"(\bHttpSession\b|\.getSession\(|@SessionScoped?\b|@SessionAttributes\b)"), CODE),
    "session page": (re.compile(r'(\bscope\s*=\s*"session"|\bsessionScope\b|\bsession\.setAttribute\()'), PAGES),
    "file": (
        re.compile(
            r"(\bgetRealPath\(|\bnew[ \t]+FileOutputStream\(|\.transferTo\(|"
            r"\bFiles\.(?:write|writeString|copy|newOutputStream|createDirectories)\()"
        ),
        CODE,
    ),
    "jdbc": (re.compile(r"""(jdbc:[a-z0-9]+:[^\s"'<>;?&]{1,300})"""), (*CODE, *_CONFIGURATION)),
    "embedded": (re.compile(r"(<jdbc:embedded-database\b|\bEmbeddedDatabaseBuilder\b)"), (*CODE, ".xml")),
    "environment": (re.compile(r"""System\.getenv\([ \t]*"([A-Z][A-Z0-9_]{1,60})"[ \t]*\)"""), (*CODE, ".jsp")),
    "environment in settings": (re.compile(r"""\$\{([A-Z][A-Z0-9]*_[A-Z0-9_]{1,60})(?::[^}\n]{0,200})?\}"""), SETTINGS),
    "mapped root": (MAPPED, CODE),
    "view of the root": (VIEW, (".xml",)),
    "struts devMode": (
        re.compile(
            r"""(struts\.devMode["']\s+value\s*=\s*["']true["']|value\s*=\s*["']true["']\s+name\s*=\s*["']struts\.devMode|"""
            r"""(?m:^)[ \t]*struts\.devMode[ \t]*[=:][ \t]*true\b)"""
        ),
        (".xml", ".properties"),
    ),
    "mapped": (
        re.compile(
            r"(@(?:WebServlet|GetMapping|RequestMapping|Path)[ \t]*\([^()]{0,300}?\"/?"
            r"(?:health|healthz|healthcheck|health-check|ping|status|livez|readyz)(?:\.jsp|\.do)?\")"
        ),
        CODE,
    ),
}
"""A pattern, and the endings of the files to search. A hit is the first group of a match."""


def scan_sources(folder: Folder) -> dict[str, Hits]:
    """The hits of each search, by its name. Comments do not count."""
    found: dict[str, list[Hit]] = {name: [] for name in _SEARCHES}
    files: dict[str, int] = dict.fromkeys(_SEARCHES, 0)
    for path in folder.program_files(*CODE, *PAGES, *_CONFIGURATION):
        text = without_comments(folder.text(path), path)
        for name, (pattern, endings) in _SEARCHES.items():
            if path.endswith(endings):
                texts = list(dict.fromkeys(match[1] for match in pattern.finditer(text)))
                files[name] += bool(texts)
                found[name] += [Hit(path, text) for text in texts[: _MAX_HITS - len(found[name])]]
    return {name: Hits(tuple(hits), files[name]) for name, hits in found.items()}
