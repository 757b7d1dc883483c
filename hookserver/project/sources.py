"""Searches a project's sources, in one pass, for code that matters to a deploy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hookserver.project.findings import Hit, Hits
from hookserver.project.folder import Folder
from hookserver.project.mapped_root import MAPPED, VIEW

_MAX_HITS = 20
_CODE = (".java", ".kt", ".groovy", ".scala")
_PAGES = (".jsp", ".jspf", ".jspx", ".tag", ".tagx", ".xhtml")
_CONFIGURATION = (".xml", ".properties", ".yml", ".yaml")
_COMMENT = re.compile(r"""("(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])')|/\*.*?(?:\*/|\Z)|//[^\n]*""", re.DOTALL)
_XML_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_PAGE_COMMENT = re.compile(r"<%--.*?(?:--%>|\Z)", re.DOTALL)
_HASH_COMMENT = re.compile(r"^[ \t]*[#!][^\n]*", re.MULTILINE)


@dataclass(frozen=True)
class _Search:
    """A pattern, and the files to search. A hit is the first group of a match."""

    pattern: re.Pattern[str]
    endings: tuple[str, ...]


_SEARCHES: Mapping[str, _Search] = {
    "javax": _Search(re.compile(r"(?m)^[ \t]*(import[ \t]+(?:static[ \t]+)?javax\.servlet\.)"), _CODE),
    "jakarta": _Search(re.compile(r"(?m)^[ \t]*(import[ \t]+(?:static[ \t]+)?jakarta\.servlet\.)"), _CODE),
    "javax page": _Search(re.compile(r'(import\s*=\s*"[^"<>]{0,500}javax\.servlet\.)'), _PAGES),
    "jakarta page": _Search(
        re.compile(r'(import\s*=\s*"[^"<>]{0,500}jakarta\.servlet\.|"jakarta\.tags\.\w+")'), _PAGES
    ),
    "scheduled": _Search(re.compile(r"(@Scheduled\b|@EnableScheduling\b)"), _CODE),
    "scheduled in XML": _Search(re.compile(r"(<task:scheduled\b|<task:annotation-driven\b)"), (".xml",)),
    "quartz": _Search(re.compile(r"(import[ \t]+org\.quartz\.)"), _CODE),
    "timer": _Search(
        re.compile(
            r"(\bTimerService\b|\bScheduledExecutorService\b|\bnewScheduledThreadPool\b|"
            r"\bnewSingleThreadScheduledExecutor\b|\bnew[ \t]+Timer\(|@Schedule\b)"
        ),
        _CODE,
    ),
    "session": _Search(re.compile(r"(\bHttpSession\b|\.getSession\(|@SessionScoped?\b|@SessionAttributes\b)"), _CODE),
    "session page": _Search(
        re.compile(r'(\bscope\s*=\s*"session"|\bsessionScope\b|\bsession\.setAttribute\()'), _PAGES
    ),
    "file": _Search(
        re.compile(
            r"(\bgetRealPath\(|\bnew[ \t]+FileOutputStream\(|\.transferTo\(|"
            r"\bFiles\.(?:write|writeString|copy|newOutputStream|createDirectories)\()"
        ),
        _CODE,
    ),
    "jdbc": _Search(re.compile(r"""(jdbc:[a-z0-9]+:[^\s"'<>;?&]{1,300})"""), (*_CODE, *_CONFIGURATION)),
    "embedded": _Search(re.compile(r"(<jdbc:embedded-database\b|\bEmbeddedDatabaseBuilder\b)"), (*_CODE, ".xml")),
    "environment": _Search(re.compile(r"""System\.getenv\([ \t]*"([A-Z][A-Z0-9_]{1,60})"[ \t]*\)"""), (*_CODE, ".jsp")),
    "environment in settings": _Search(
        re.compile(r"""\$\{([A-Z][A-Z0-9]*_[A-Z0-9_]{1,60})(?::[^}\n]{0,200})?\}"""), (".properties", ".yml", ".yaml")
    ),
    "mapped root": _Search(MAPPED, _CODE),
    "view of the root": _Search(VIEW, (".xml",)),
    "struts devMode": _Search(
        re.compile(
            r"""(struts\.devMode["']\s+value\s*=\s*["']true["']|value\s*=\s*["']true["']\s+name\s*=\s*["']struts\.devMode|"""
            r"""(?m:^)[ \t]*struts\.devMode[ \t]*[=:][ \t]*true\b)"""
        ),
        (".xml", ".properties"),
    ),
    "mapped": _Search(
        re.compile(
            r"(@(?:WebServlet|GetMapping|RequestMapping|Path)[ \t]*\([^()]{0,300}?\"/?"
            r"(?:health|healthz|healthcheck|health-check|ping|status|livez|readyz)(?:\.jsp|\.do)?\")"
        ),
        _CODE,
    ),
}


def scan_sources(folder: Folder) -> dict[str, Hits]:
    """The hits of each search, by its name. Comments do not count."""
    found: dict[str, list[Hit]] = {name: [] for name in _SEARCHES}
    files: dict[str, int] = dict.fromkeys(_SEARCHES, 0)
    for path in folder.program_files(*_CODE, *_PAGES, *_CONFIGURATION):
        text = _without_comments(path, folder.text(path))
        for name, search in _SEARCHES.items():
            if path.endswith(search.endings):
                texts = list(dict.fromkeys(match[1] for match in search.pattern.finditer(text)))
                files[name] += bool(texts)
                found[name] += [Hit(path, text) for text in texts[: _MAX_HITS - len(found[name])]]
    return {name: Hits(tuple(hits), files[name]) for name, hits in found.items()}


def _without_comments(path: str, text: str) -> str:
    if path.endswith(_CODE):
        return _COMMENT.sub(lambda match: match[1] or " ", text)
    if path.endswith((".properties", ".yml", ".yaml")):
        return _HASH_COMMENT.sub("", text)
    return _XML_COMMENT.sub("", _PAGE_COMMENT.sub("", text) if path.endswith(_PAGES) else text)
