"""Finds a Spring MVC handler that answers the root of the app, where no file does."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hookserver.project.findings import Health, Hits
from hookserver.project.folder import Folder
from hookserver.project.web_app import WebApp

MAPPED = re.compile(
    r"""(?=(@(?:GetMapping|RequestMapping)\s*\([^()"]{0,200}(?:"[^"\n]{0,200}"\s{0,20},\s{0,20}){0,9}"/"[^()]{0,200}\)"""
    r"""[^{}]{0,500}\{[^}]{0,1000}))"""
)
"""A handler of ``/`` with the beginning of its body; or a class with this mapping."""
VIEW = re.compile(r"""(<[\w-]+:view-controller\b(?=[^<>]{0,300}\bpath\s*=\s*["']/["'])[^<>]{0,300})""")
_OTHER_METHOD = re.compile(r"RequestMethod\.(?!GET\b)\w+")
_CLASS = re.compile(r"\)[^{]*\bclass\s+\w+[^{]*\{")
_OF_CLASS = re.compile(r"@RequestMapping\s*\(([^()]{0,300})\)[^{};]{0,500}?\bclass\b")
_REDIRECT = re.compile(r"redirect:|\bRedirectView\b")
_ALL = {"/", "/*"}


def find_mapped_root(folder: Folder, web_app: WebApp, hits: Mapping[str, Hits]) -> Health | None:
    """The root, if a controller shows a page there; None if no controller does, or if it redirects."""
    patterns = web_app.texts("servlet-mapping/url-pattern")
    if patterns and not _ALL.intersection(patterns):
        return None
    for hit in hits["view of the root"].first:
        if not _REDIRECT.search(hit.text):
            return Health("/", f'<view-controller path="/"> in {hit.path}')
    for hit in hits["mapped root"].first:
        if _shows_a_page(hit.text) and not _has_prefix(folder.text(hit.path)):
            return Health("/", f'{hit.text.partition("(")[0].strip()}("/") in {hit.path}')
    return None


def _shows_a_page(handler: str) -> bool:
    other = _OTHER_METHOD.search(handler) and "RequestMethod.GET" not in handler
    return not (other or _REDIRECT.search(handler) or _CLASS.match(handler[handler.index(")") :]))


def _has_prefix(source: str) -> bool:
    return any(re.search(r'"/?[^"/]', match[1]) for match in _OF_CLASS.finditer(source))
