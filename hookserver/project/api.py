"""javax or jakarta, and the servlet version: what speaks for which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from hookserver.project.findings import Dependency, Evidence, Hits
from hookserver.project.web_app import WebApp

_SPRING = ("spring-web", "spring-webmvc", "spring-core", "spring-context", "spring-framework-bom", "spring-webflux")
_BOOT = (
    "spring-boot",
    "spring-boot-starter-parent",
    "spring-boot-dependencies",
    "spring-boot-starter-web",
    "spring-boot-starter-tomcat",
    "spring-boot-starter",
    "spring-boot-gradle-plugin",
)
_JAVAX_ONLY = (
    "stripes",
    "taglibs-standard-impl",
    "struts-core",
    "jstl",
    "javax.faces",
    "javax.faces-api",
    "jsf-api",
    "jsf-impl",
)
_JAKARTA_SINCE: Mapping[str, int] = {
    **dict.fromkeys(("jakarta.faces", "jakarta.faces-api", "myfaces-impl", "myfaces-api"), 3),
    **dict.fromkeys(("jersey-server", "jersey-container-servlet", "jersey-container-servlet-core"), 3),
    **dict.fromkeys(("jakarta.servlet.jsp.jstl", "jakarta.servlet.jsp.jstl-api", "jakarta.websocket-api"), 2),
    "jakarta.servlet.jsp-api": 3,
    "struts2-core": 7,
}
"""The first major version of a library that speaks jakarta."""
_PLATFORM = {"8": "4.0", "9": "5.0", "10": "6.0", "11": "6.1"}
"""Jakarta EE → servlet version; 8 still has the javax packages."""
_JARS = {"jakarta.servlet-api": "", "javax.servlet-api": "javax", "servlet-api": "javax"}


def find_servlet_api(
    dependencies: Iterable[Dependency], web_app: WebApp, hits: Mapping[str, Hits]
) -> tuple[tuple[Evidence, ...], Evidence | None]:
    """Everything that says ``javax`` or ``jakarta``, and the highest servlet version that the jakarta ones name."""
    found = [pair for dependency in dependencies if (pair := _of(dependency))]
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
        for name, what in ((api, "used by"), (f"{api} page", "used by the pages")):
            if name in hits:
                yield Evidence(api, f"{what} {hits[name]}")


def _of_descriptor(web_app: WebApp) -> Iterator[Evidence]:
    """The classes that it loads; a javax ``web.xml`` itself works on every Tomcat, so it says little."""
    for kind in ("servlet", "filter", "listener"):
        for name in web_app.texts(f"{kind}/{kind}-class"):
            if (api := name.partition(".")[0]) in ("javax", "jakarta"):
                yield Evidence(api, f"{name} in {web_app.path}")
    if web_app.api:
        version = f" version {web_app.version}" if web_app.version else ""
        yield Evidence(web_app.api, f"{web_app.path}{version}", weak=web_app.api == "javax")


def _of(dependency: Dependency) -> tuple[Evidence, str] | None:
    """What one library says: the API, and the servlet version it belongs to, where known."""
    if dependency.scope == "test":
        return None
    group, artifact = dependency.group, dependency.artifact
    major = re.match(r"\d+", dependency.version)
    number = int(major[0]) if major else 0
    where = f"{dependency} ({dependency.where})"
    if artifact in _JARS and group in ("", "javax.servlet", "jakarta.servlet"):
        api = _JARS[artifact] or ("javax" if 0 < number < 5 else "jakarta")
        version = re.match(r"\d+\.\d", dependency.version)
        return Evidence(api, where), version[0] if version else ""
    if artifact in ("javaee-api", "javaee-web-api", *_JAVAX_ONLY):
        return Evidence("javax", where), ""
    if artifact.startswith("jakarta.jakartaee-") and number:
        return Evidence("javax" if number < 9 else "jakarta", where), _PLATFORM.get(str(number), "")
    if artifact in _SPRING and group in ("", "org.springframework") and number:
        return Evidence("jakarta" if number >= 6 else "javax", where), {6: "6.0"}.get(
            number, "6.1" if number > 6 else ""
        )
    if artifact in _BOOT and number and group in ("", "org.springframework.boot"):
        return Evidence("jakarta" if number >= 3 else "javax", where), {3: "6.0"}.get(
            number, "6.1" if number > 3 else ""
        )
    if artifact in _JAKARTA_SINCE and number:
        return Evidence("jakarta" if number >= _JAKARTA_SINCE[artifact] else "javax", where), ""
    return None


def _as_number(version: Evidence) -> tuple[int, ...]:
    return tuple(int(part) for part in version.value.split("."))
