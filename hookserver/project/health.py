"""A path that tells whether the app is well: actuator, a servlet made for it, the welcome page, else a guess."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from hookserver.project.builds.properties import read_properties
from hookserver.project.constraints import access_restriction
from hookserver.project.findings import Dependency, Health, Hit, Hits
from hookserver.project.folder import Folder
from hookserver.project.mapped_root import find_mapped_root
from hookserver.project.web_app import WebApp

_NAMES = ("health", "healthz", "healthcheck", "health-check", "livez", "readyz", "ping", "status")
_DEDICATED = re.compile(rf"/(?:{'|'.join(_NAMES)})(?:\.jsp|\.do)?")
_REDIRECT = re.compile(
    r"""sendRedirect\((?:[^;]{0,200}?["']([^"'\s]{0,200})["'])?|"""
    r"""<c:redirect\b(?:[^>]{0,200}?\burl=["']([^"']{1,200})["'])?|"""
    r"""<logic:redirect\b(?:[^>]{0,200}?\bpage=["']([^"']{1,200})["'])?|"""
    r"""Header\(\s*["']Location["']\s*,(?:\s*["']([^"'\s]{1,200})["']\s*\))?|"""
    r"""http-equiv=["']?refresh["']?[^>]{0,200}?url=([^"'>\s]{1,200})""",
    re.IGNORECASE,
)
"""What sends a visitor elsewhere, with the address where it is written there as a whole."""
_APPLICATION = re.compile(r"(?:^|/)application\.(?:properties|ya?ml)$")
_WELCOME = ("index.html", "index.htm", "index.jsp")
_PAGES = (".html", ".htm", ".jsp")


def find_health(
    folder: Folder, web_app: WebApp, dependencies: Iterable[Dependency], hits: Mapping[str, Hits]
) -> Health:
    """The likeliest path, counted from the context's root; a guess where the descriptor does not let everybody in."""
    found = _likeliest_path(folder, web_app, list(dependencies), hits)
    reason = access_restriction(web_app, found.path)
    return replace(found, is_guess=True, notes=(*found.notes, reason)) if reason else found


def _likeliest_path(folder: Folder, web_app: WebApp, libraries: list[Dependency], hits: Mapping[str, Hits]) -> Health:
    actuator = next((found for found in libraries if found.artifact == "spring-boot-starter-actuator"), None)
    if actuator and actuator.scope != "test":
        return _actuator(folder, libraries, actuator)
    if made := _dedicated_page(folder, web_app, hits):
        return made
    unsure = (
        tuple(
            f"{hit.text} in {hit.path} may be one too: its whole path depends on what maps it"
            for hit in hits["mapped"].first
        )
        if "mapped" in hits
        else ()
    )
    welcome = _welcome_page(folder, web_app)
    if welcome.is_guess:
        welcome = find_mapped_root(folder, web_app, hits) or _only_page(folder, web_app) or welcome
    return Health(welcome.path, welcome.where, welcome.is_guess, (*welcome.notes, *unsure[:3]))


def _actuator(folder: Folder, libraries: list[Dependency], actuator: Dependency) -> Health:
    settings: dict[str, str] = {}
    for name in folder.program_files(".properties", ".yml", ".yaml"):
        if _APPLICATION.search(name):
            settings = {**read_properties(folder.text(name), name), **settings}
    base = settings.get("management.endpoints.web.base-path", "/actuator")
    path = "/" + "/".join(
        part.strip("/") for part in (settings.get("spring.mvc.servlet.path", ""), base) if part.strip("/")
    )
    notes = []
    if "management.server.port" in settings:
        notes.append(
            "management.server.port is set: inside Tomcat the actuator answers on Tomcat's own port, if at all"
        )
    if any(found.artifact == "spring-boot-starter-security" for found in libraries):
        notes.append("Spring Security is there: this path must be open to all, else it answers 401")
    return Health(f"{path.rstrip('/')}/health", f"{actuator.artifact} in {actuator.where}", notes=tuple(notes))


def _dedicated_page(folder: Folder, web_app: WebApp, hits: Mapping[str, Hits]) -> Health | None:
    for pattern in web_app.texts("servlet-mapping/url-pattern"):
        if _DEDICATED.fullmatch(pattern):
            return Health(pattern, f"servlet-mapping in {web_app.path}")
    for hit in hits["mapped"].first if "mapped" in hits else ():
        if hit.text.startswith("@WebServlet"):
            return Health(_mapped_path(hit), f"@WebServlet in {hit.path}")
    for name in _NAMES:
        if page := web_app.page(folder, f"{name}.jsp"):
            return Health(f"/{name}.jsp", f"the page {page}")
    return None


def _mapped_path(hit: Hit) -> str:
    return "/" + hit.text.rpartition('"')[0].rpartition('"')[2].lstrip("/")


def _welcome_page(folder: Folder, web_app: WebApp) -> Health:
    told = web_app.texts("welcome-file-list/welcome-file")
    where = f"the welcome page of {web_app.path}" if told else "the welcome page"
    for name in told or _WELCOME:
        page = web_app.page(folder, name.lstrip("/"))
        if not page:
            continue
        redirect = _REDIRECT.search(folder.text(page))
        if redirect is None:
            static = ("a static page shows only that Tomcat is up: one that reads the database says more",)
            return Health("/", f"{where}, {page}", notes=static if page.endswith((".html", ".htm")) else ())
        target = next((text for text in redirect.groups() if text), "")
        if re.fullmatch(r"/?[\w.~/-]+", target) and not target.startswith("//"):
            return Health(f"/{target.lstrip('/')}", f"{page}, which sends visitors there")
        return Health("/", f"{where}, {page}", True, (f"{page} sends visitors elsewhere: a redirect is not a 200",))
    if told:
        return Health("/", f"welcome-file {told[0]} in {web_app.path}", True)
    return Health("/", "", True)


def _only_page(folder: Folder, web_app: WebApp) -> Health | None:
    """The one page beside ``WEB-INF``, where no welcome page is one: the root then answers 404."""
    told = web_app.texts("welcome-file-list/welcome-file") or list(_WELCOME)
    names = [*told, *_WELCOME]
    if not all(name.endswith(_PAGES) for name in told) or any(web_app.page(folder, name) for name in names):
        return None
    below = f"{web_app.pages}/".lstrip("/")
    if not below and not web_app.path:
        return None
    pages = [name for name in folder.program_files(*_PAGES) if name.startswith(below) and "/" not in name[len(below) :]]
    if len(pages) != 1:
        return None
    return Health(f"/{pages[0][len(below) :]}", f"{pages[0]}, its one page, while no welcome page is there", True)
