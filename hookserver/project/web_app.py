"""Finds a project's ``web.xml`` and the folder of its pages."""

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
    """``pages`` is the relative folder of the pages (empty: the top, or unknown), ``web_xml`` the descriptor at
    ``path``.
    """

    pages: str
    path: str
    web_xml: Element | None

    @property
    def version(self) -> str:
        """The servlet version of the descriptor; empty if it names none."""
        return "" if self.web_xml is None else self.web_xml.get("version", "")

    @property
    def api(self) -> str:
        """``javax`` or ``jakarta``, by the descriptor's XML namespace; empty without a descriptor."""
        # Jakarta EE 9 changed the namespace to https://jakarta.ee/xml/ns/jakartaee
        if self.web_xml is None:
            return ""
        return "jakarta" if "jakarta.ee" in self.web_xml.get("xmlns", "") else "javax"

    def texts(self, path: str) -> list[str]:
        """The texts of all elements at a path of the descriptor."""
        found = () if self.web_xml is None else self.web_xml.iterfind(path)
        return [(element.text or "").strip() for element in found]

    def page(self, folder: Folder, name: str) -> str:
        """The path of a page's file; empty if there is none."""
        path = f"{self.pages}/{name}".lstrip("/")
        return path if path in folder else ""


def find_web_app(folder: Folder, build: Build | None) -> WebApp:
    """The web app of the module that makes the WAR; else the first one in a usual place."""
    places = list(_places(folder, build))
    for place in places:
        path = f"{place}/WEB-INF/web.xml".lstrip("/")
        if path in folder:
            return WebApp(place, path, folder.xml(path))
    for place in places:
        if place and any(name.startswith(f"{place}/") for name in folder.files):
            return WebApp(place, "", None)
    return WebApp("", "", None)


def _places(folder: Folder, build: Build | None) -> Iterator[str]:
    module = re.split(r"/?(?:target|build/libs|dist)/", build.wars[0].value)[0] if build and build.wars else ""
    for parent in dict.fromkeys((module if not module.endswith(".war") else "", "")):
        yield from (f"{parent}/{place}".strip("/") for place in _PLACES)
    elsewhere = next(folder.program_files("WEB-INF/web.xml"), "")
    if elsewhere:
        yield elsewhere.removesuffix("WEB-INF/web.xml").rstrip("/")
