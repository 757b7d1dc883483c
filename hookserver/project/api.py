"""Decides between ``javax.servlet`` and ``jakarta.servlet``, and finds the servlet version."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from hookserver.project.findings import Dependency, Evidence, Hits
from hookserver.project.web_app import WebApp

_NEVER = 1_000


@dataclass(frozen=True)
class _Library:
    """``since`` is the first major version for jakarta, ``servlet`` the servlet version by the first major version."""

    since: int
    group: str = ""
    servlet: Mapping[int, str] = field(default_factory=dict)


# Spring 6.0, which Spring Boot 3.0 has, moved to jakarta:
# https://spring.io/blog/2022/11/16/spring-framework-6-0-goes-ga
_SPRING = _Library(6, "org.springframework", {6: "6.0", 7: "6.1"})
_BOOT = _Library(3, "org.springframework.boot", {3: "6.0", 4: "6.1"})
_LIBRARIES: Mapping[str, _Library] = {
    **dict.fromkeys(("spring-web", "spring-webmvc", "spring-core", "spring-context", "spring-webflux"), _SPRING),
    "spring-framework-bom": _SPRING,
    **dict.fromkeys(("spring-boot", "spring-boot-starter-parent", "spring-boot-dependencies"), _BOOT),
    **dict.fromkeys(("spring-boot-starter-web", "spring-boot-starter-tomcat", "spring-boot-starter"), _BOOT),
    "spring-boot-gradle-plugin": _BOOT,
    **dict.fromkeys(("javaee-api", "javaee-web-api", "stripes", "taglibs-standard-impl"), _Library(_NEVER)),
    **dict.fromkeys(("struts-core", "jstl", "javax.faces", "javax.faces-api"), _Library(_NEVER)),
    **dict.fromkeys(("jsf-api", "jsf-impl"), _Library(_NEVER)),
    **dict.fromkeys(("jakarta.faces", "jakarta.faces-api", "myfaces-impl", "myfaces-api"), _Library(3)),
    **dict.fromkeys(("jersey-server", "jersey-container-servlet", "jersey-container-servlet-core"), _Library(3)),
    **dict.fromkeys(("jakarta.servlet.jsp.jstl", "jakarta.servlet.jsp.jstl-api"), _Library(2)),
    "jakarta.websocket-api": _Library(2),
    "jakarta.servlet.jsp-api": _Library(3),
    "struts2-core": _Library(7),
    # Jakarta EE 8 still has the javax packages, and 9 the first jakarta ones: https://jakarta.ee/release/
    **dict.fromkeys(
        (f"jakarta.jakartaee-{name}" for name in ("api", "web-api", "core-api", "bom")),
        _Library(9, servlet={9: "5.0", 10: "6.0", 11: "6.1"}),
    ),
}
_SERVLET_JARS = {"jakarta.servlet-api": 5, "javax.servlet-api": _NEVER, "servlet-api": _NEVER}
"""The jars of the API itself, with their first version for jakarta."""


def find_servlet_api(
    dependencies: Iterable[Dependency], web_app: WebApp, hits: Mapping[str, Hits]
) -> tuple[tuple[Evidence, ...], Evidence | None]:
    """All evidence for ``javax`` and ``jakarta``, and the highest servlet version among that for jakarta."""
    found = [pair for dependency in dependencies if (pair := _of_library(dependency))]
    api = [*_of_sources(hits), *(evidence for evidence, _ in found), *_of_descriptor(web_app)]
    versions = [
        Evidence(version, evidence.where) for evidence, version in found if evidence.value == "jakarta" and version
    ]
    if web_app.api == "jakarta" and re.fullmatch(r"\d+\.\d", web_app.version):
        versions.append(Evidence(web_app.version, web_app.path))
    unique = {(evidence.value, evidence.where): evidence for evidence in api}
    return tuple(unique.values()), max(versions, key=_as_number, default=None)


def _of_sources(hits: Mapping[str, Hits]) -> Iterator[Evidence]:
    for api in ("javax", "jakarta"):
        for name, verb in ((api, "used by"), (f"{api} page", "used by the pages")):
            if hits[name]:
                yield Evidence(api, f"{verb} {hits[name]}")


def _of_descriptor(web_app: WebApp) -> Iterator[Evidence]:
    """The classes that it names. A javax ``web.xml`` itself is weak evidence: every Tomcat accepts it."""
    for kind in ("servlet", "filter", "listener"):
        for name in web_app.texts(f"{kind}/{kind}-class"):
            if (api := name.partition(".")[0]) in ("javax", "jakarta"):
                yield Evidence(api, f"{name} in {web_app.path}")
    if web_app.api:
        version = f" version {web_app.version}" if web_app.version else ""
        yield Evidence(web_app.api, f"{web_app.path}{version}", weak=web_app.api == "javax")


def _of_library(dependency: Dependency) -> tuple[Evidence, str] | None:
    """The API of a library and its servlet version (empty if unknown); None if the library says nothing."""
    if dependency.scope == "test":
        return None
    major = re.match(r"\d+", dependency.version)
    number = int(major[0]) if major else 0
    where = f"{dependency} ({dependency.where})"
    since = _SERVLET_JARS.get(dependency.artifact)
    if since and dependency.group in ("", "javax.servlet", "jakarta.servlet"):
        version = re.match(r"\d+\.\d", dependency.version)
        is_javax = since == _NEVER or 0 < number < since
        return Evidence("javax" if is_javax else "jakarta", where), version[0] if version else ""
    library = _LIBRARIES.get(dependency.artifact)
    if library is None or (library.group and dependency.group not in ("", library.group)):
        return None
    if not number and library.since != _NEVER:
        return None
    if number < library.since:
        return Evidence("javax", where), ""
    servlet = [version for first, version in library.servlet.items() if first <= number]
    return Evidence("jakarta", where), servlet[-1] if servlet else ""


def _as_number(version: Evidence) -> tuple[int, ...]:
    return tuple(int(part) for part in version.value.split("."))
