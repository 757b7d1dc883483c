"""The project's ``web.xml``, and the folder that its pages lie in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from hookserver.project.findings import Build
from hookserver.project.folder import Folder

_PLACES = ("src/main/webapp", "WebContent", "WebRoot", "web", "webapp", "src/webapp", "war", "public_html", "")


@dataclass(frozen=True)
class WebApp:
    """``pages`` is the folder of the pages, relative, "" when it is the top or not known; ``web_xml`` its descriptor.

    ``api`` and ``version`` are what the descriptor's schema says: ``javax`` or ``jakarta``, and the servlet version.
    """

    pages: str
    path: str
    web_xml: Element | None

    @property
    def version(self) -> str:
        if self.web_xml is None:
            return ""
        return self.web_xml.get("version", "")

    @property
    def api(self) -> str:
        if self.web_xml is None:
            return ""
        return "jakarta" if "jakarta.ee" in self.web_xml.get("xmlns", "") else "javax"

    def texts(self, path: str) -> list[str]:
        """The texts at a path of the descriptor."""
        found = () if self.web_xml is None else self.web_xml.iterfind(path)
        return [(element.text or "").strip() for element in found]

    def has(self, tag: str) -> bool:
        return self.web_xml is not None and self.web_xml.find(tag) is not None

    def page(self, folder: Folder, name: str) -> str:
        """Where a page's file is; empty when there is none, or the folder of the pages is not known."""
        path = f"{self.pages}/{name}".lstrip("/")
        return path if path in folder else ""


def find_web_app(folder: Folder, build: Build | None) -> WebApp:
    """The descriptor and pages of the module that makes the WAR, else of the first place where people put them."""
    for place in _places(folder, build):
        path = f"{place}/WEB-INF/web.xml".lstrip("/")
        if path in folder:
            return WebApp(place, path, folder.xml(path))
    for place in _places(folder, build):
        if place and any(name.startswith(f"{place}/") for name in folder.files):
            return WebApp(place, "", None)
    return WebApp("", "", None)


def _places(folder: Folder, build: Build | None) -> Iterator[str]:
    module = re.split(r"/?(?:target|build/libs|dist)/", build.wars[0].value)[0] if build and build.wars else ""
    for below in dict.fromkeys((module if not module.endswith(".war") else "", "")):
        yield from (f"{below}/{place}".strip("/") for place in _PLACES)
    anywhere = next((name for name in folder.program_files("WEB-INF/web.xml")), "")
    if anywhere:
        yield anywhere.removesuffix("WEB-INF/web.xml").rstrip("/")
