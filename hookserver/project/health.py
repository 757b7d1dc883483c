"""Finds a path for the health check: the actuator, a page made for it, the welcome page; else a guess."""

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
"""A redirect, with its target if the page contains the whole of it."""
_APPLICATION = re.compile(r"(?:^|/)application\.(?:properties|ya?ml)$")
# The welcome files of an app that names none: conf/web.xml of Tomcat
_WELCOME = ("index.html", "index.htm", "index.jsp")
_PAGES = (".html", ".htm", ".jsp")


def find_health(
    folder: Folder, web_app: WebApp, dependencies: Iterable[Dependency], hits: Mapping[str, Hits]
) -> Health:
    """The likeliest path, relative to the app's root. It is a guess if the descriptor restricts access to it."""
    found = _likeliest_path(folder, web_app, list(dependencies), hits)
    reason = access_restriction(web_app, found.path)
    return replace(found, is_guess=True, notes=(*found.notes, reason)) if reason else found


def _likeliest_path(folder: Folder, web_app: WebApp, libraries: list[Dependency], hits: Mapping[str, Hits]) -> Health:
    actuator = next((found for found in libraries if found.artifact == "spring-boot-starter-actuator"), None)
    if actuator and actuator.scope != "test":
        return _actuator(folder, libraries, actuator)
    if dedicated := _dedicated_page(folder, web_app, hits):
        return dedicated
    candidates = (
        f"{hit.text} in {hit.path} can be a health page too: its whole path depends on its mapping"
        for hit in hits["mapped"].first[:3]
    )
    welcome = _welcome_page(folder, web_app)
    if welcome.is_guess:
        welcome = find_mapped_root(folder, web_app, hits) or _only_page(folder, web_app) or welcome
    return replace(welcome, notes=(*welcome.notes, *candidates))


def _actuator(folder: Folder, libraries: list[Dependency], actuator: Dependency) -> Health:
    # Settings can move the actuator: https://docs.spring.io/spring-boot/reference/actuator/monitoring.html
    settings: dict[str, str] = {}
    for name in folder.program_files(".properties", ".yml", ".yaml"):
        if _APPLICATION.search(name):
            settings = {**read_properties(folder.text(name), name), **settings}
    base = settings.get("management.endpoints.web.base-path", "/actuator")
    pieces = [piece.strip("/") for piece in (settings.get("spring.mvc.servlet.path", ""), base, "health")]
    notes = []
    if "management.server.port" in settings:
        notes.append("management.server.port is set: in a Tomcat container the actuator uses Tomcat's own port, if any")
    if any(found.artifact == "spring-boot-starter-security" for found in libraries):
        notes.append("Spring Security is used: permit this path for everyone, else it answers 401")
    path = "/" + "/".join(piece for piece in pieces if piece)
    return Health(path, f"{actuator.artifact} in {actuator.where}", notes=tuple(notes))


def _dedicated_page(folder: Folder, web_app: WebApp, hits: Mapping[str, Hits]) -> Health | None:
    for pattern in web_app.texts("servlet-mapping/url-pattern"):
        if _DEDICATED.fullmatch(pattern):
            return Health(pattern, f"servlet-mapping in {web_app.path}")
    for hit in hits["mapped"].first:
        if hit.text.startswith("@WebServlet"):
            return Health(_mapped_path(hit), f"@WebServlet in {hit.path}")
    for name in _NAMES:
        if page := web_app.page(folder, f"{name}.jsp"):
            return Health(f"/{name}.jsp", f"the page {page}")
    return None


def _mapped_path(hit: Hit) -> str:
    return "/" + hit.text.rpartition('"')[0].rpartition('"')[2].lstrip("/")


def _welcome_page(folder: Folder, web_app: WebApp) -> Health:
    named = web_app.texts("welcome-file-list/welcome-file")
    where = f"the welcome page of {web_app.path}" if named else "the welcome page"
    for name in named or _WELCOME:
        page = web_app.page(folder, name.lstrip("/"))
        if not page:
            continue
        redirect = _REDIRECT.search(folder.text(page))
        if redirect is None:
            static = ("a static page only shows that Tomcat runs: a page that reads the database shows more",)
            return Health("/", f"{where}, {page}", notes=static if page.endswith((".html", ".htm")) else ())
        target = next((text for text in redirect.groups() if text), "")
        if re.fullmatch(r"/?[\w.~/-]+", target) and not target.startswith("//"):
            return Health(f"/{target.lstrip('/')}", f"{page}, which redirects there")
        return Health("/", f"{where}, {page}", True, (f"{page} redirects: a redirect is not a 200",))
    return Health("/", f"welcome-file {named[0]} in {web_app.path}" if named else "", True)


def _only_page(folder: Folder, web_app: WebApp) -> Health | None:
    """The only page beside ``WEB-INF``, if the app has no welcome page: its root answers 404 then."""
    named = web_app.texts("welcome-file-list/welcome-file") or list(_WELCOME)
    names = [*named, *_WELCOME]
    if not all(name.endswith(_PAGES) for name in named) or any(web_app.page(folder, name) for name in names):
        return None
    top = f"{web_app.pages}/".lstrip("/")
    if not top and not web_app.path:
        return None
    pages = [name for name in folder.program_files(*_PAGES) if name.startswith(top) and "/" not in name[len(top) :]]
    if len(pages) != 1:
        return None
    return Health(f"/{pages[0][len(top) :]}", f"{pages[0]}, the only page of an app without a welcome page", True)
