"""Finds problems that a project has with two replicas, or with a new container for each release."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from xml.etree.ElementTree import Element

from hookserver.project.builds.maven_pom import is_active
from hookserver.project.findings import Caution, Dependency, Hit, Hits
from hookserver.project.folder import Folder, text_at
from hookserver.project.web_app import WebApp

_EMBEDDED_JARS = {"h2": "H2", "hsqldb": "HSQLDB", "derby": "Derby", "sqlite-jdbc": "SQLite"}
_SERVER_JARS = re.compile(r"mysql-connector-.*|mariadb-java-client|postgresql|ojdbc\d*|mssql-jdbc|jtds|jcc")
_EMBEDDED_URL = re.compile(r"jdbc:(?:h2:(?!tcp:|ssl:)|hsqldb:(?!hsqls?:|https?:)|derby:(?!//)|sqlite:)", re.IGNORECASE)
_LOCALHOST = re.compile(r"(?:@|//)(?:localhost|127\.0\.0\.1)\b")
_MIGRATION = re.compile(r"(?:spring-boot-starter-)?(flyway|liquibase)(?:-core)?")
# Flyway searches versioned migrations, V1__name.sql, below db/migration by default: https://documentation.red-gate.com/flyway
_FLYWAY_SCRIPT = re.compile(r"(?:^|/)db/migration/(?:.*/)?V[\d_.]+__[^/]+\.sql$")
_TIMERS = {
    "scheduled": "@Scheduled",
    "scheduled in XML": "<task:…>",
    "quartz": "Quartz",
    "timer": "a timer",
}


def find_cautions(
    folder: Folder, dependencies: Iterable[Dependency], web_app: WebApp, hits: Mapping[str, Hits]
) -> tuple[Caution, ...]:
    """All cautions, in the order of the settings file."""
    libraries = list(dependencies)
    return (
        *_timers(libraries, hits),
        *_databases(folder, libraries, hits),
        *_resources(folder, web_app),
        *_files(hits),
        *_migrations(folder, libraries),
        *_dev_mode(hits),
    )


def embedded_database(dependencies: Iterable[Dependency], hits: Mapping[str, Hits]) -> str:
    """The database inside the app, and where it was found; empty if none was found."""
    for hit in hits["jdbc"].first:
        if _EMBEDDED_URL.match(hit.text):
            return f"{_without_password(hit)} in {hit.path}"
    if in_code := hits["embedded"]:
        return f"{in_code.first[0].text.lstrip('<')} in {in_code}"
    shipped = [found for found in dependencies if found.is_shipped]
    if any(_SERVER_JARS.fullmatch(found.artifact) for found in shipped):
        return ""
    library = next((found for found in shipped if found.artifact in _EMBEDDED_JARS), None)
    return f"{_EMBEDDED_JARS[library.artifact]} ({library}) in {library.where}" if library else ""


def _timers(libraries: list[Dependency], hits: Mapping[str, Hits]) -> Iterator[Caution]:
    found = [f"{name} in {hits[search]}" for search, name in _TIMERS.items() if hits[search]]
    quartz = next((library for library in libraries if library.artifact.startswith("quartz")), None)
    if quartz and not hits["quartz"] and quartz.is_shipped:
        found.append(f"{quartz} in {quartz.where}")
    if found:
        yield Caution(
            "replicas",
            f"scheduled jobs ({'; '.join(found)}) run in each replica, and after a switch also in the old release "
            "until its standby ends: use a lock in the database, so that each job runs once",
        )


def _databases(folder: Folder, libraries: list[Dependency], hits: Mapping[str, Hits]) -> Iterator[Caution]:
    embedded = embedded_database(libraries, hits)
    if embedded:
        yield Caution(
            "replicas",
            f"a database inside the app ({embedded}): each replica has its own data, or waits for the other's lock, "
            "and each deploy starts with an empty one: use a database server for customers' data",
        )
    found = [hit for hit in hits["jdbc"].first if _LOCALHOST.search(hit.text) and not _EMBEDDED_URL.match(hit.text)]
    local = [(hit, _inactive_profile(folder, hit)) for hit in found]
    if local:
        hit, profile = min(local, key=lambda pair: bool(pair[1]))
        only = f", only with the profile {profile}, which is not active by default" if profile else ""
        yield Caution(
            "tomcat",
            f"{_without_password(hit)} in {hit.path}{only}: inside a container, localhost is the container itself; use "
            "host.docker.internal for a database on this machine, tomcat.networks for one in a container",
        )


def _inactive_profile(folder: Folder, hit: Hit) -> str:
    """The profile of a ``pom.xml`` that alone contains the text, if it is not active by default; else empty."""
    root = folder.xml(hit.path) if hit.path.endswith("pom.xml") else None
    if root is None:
        return ""
    profiles = [profile for profile in root.iterfind("profiles/profile") if _count(profile, hit.text)]
    is_outside = _count(root, hit.text) > sum(_count(profile, hit.text) for profile in profiles)
    if is_outside or any(is_active(profile) for profile in profiles):
        return ""
    return " or ".join(text_at(profile, "id", "default") for profile in profiles)


def _count(element: Element, text: str) -> int:
    return sum(text in (inner.text or "") for inner in element.iter())


def _dev_mode(hits: Mapping[str, Hits]) -> Iterator[Caution]:
    # Not for production: https://struts.apache.org/core-developers/development-mode
    if hits["struts devMode"]:
        yield Caution(
            "health",
            f"struts.devMode is true in {hits['struts devMode']}: never use it in production; it answers an error with "
            "a page and status 200, so set health.body to a text that only the good page contains",
        )


def _resources(folder: Folder, web_app: WebApp) -> Iterator[Caution]:
    # Tomcat creates a resource from <Resource>, with a driver in its own lib, not in the WAR's:
    # https://tomcat.apache.org/tomcat-10.1-doc/jndi-resources-howto.html
    names = [name for name in web_app.texts("resource-ref/res-ref-name") if name][:5]
    context = next(folder.program_files("META-INF/context.xml"), "")
    root = folder.xml(context)
    defined = {resource.get("name") for resource in root.iter("Resource")} if root is not None else set()
    missing = [name for name in names if name not in defined]
    if missing:
        yield Caution(
            "tomcat",
            f"{web_app.path} needs the resource {', '.join(missing)}, which no META-INF/context.xml defines: define it "
            "in Tomcat's conf/context.xml, and add the database driver to Tomcat's lib",
        )
    elif defined:
        names = sorted(map(str, defined))
        yield Caution("tomcat", f"{context} defines {', '.join(names)}: its driver must be in Tomcat's lib")
    path = root.get("path", "") if root is not None else ""
    if path not in ("", "/"):
        yield Caution("app", f"{context} has path={path}: if pages link to {path}/…, set path = {path!r} for the app")


def _files(hits: Mapping[str, Hits]) -> Iterator[Caution]:
    if written := hits["file"]:
        yield Caution(
            "tomcat",
            f"the app writes files ({written.first[0].text.strip('.(')} in {written}): files inside a container are "
            "lost with the next release; to keep a folder, add it to volumes",
        )


def _migrations(folder: Folder, libraries: list[Dependency]) -> Iterator[Caution]:
    tools = [
        f"{match[1].capitalize()}, {found} in {found.where}"
        for found in libraries
        if found.is_shipped and (match := _MIGRATION.fullmatch(found.artifact))
    ]
    scripts = [f"the script {name}" for name in folder.program_files(".sql") if _FLYWAY_SCRIPT.search(name)]
    if evidence := [*tools, *scripts]:
        yield Caution(
            "prepare",
            f"the database is migrated ({evidence[0]}): if a replica does that at its start, the old release is still "
            "live and must work with each change; a command in prepare does it once, before the replicas start, and "
            "stops the deploy if it fails",
        )


def _without_password(hit: Hit) -> str:
    """The JDBC URL without the part that can contain a password."""
    return re.sub(r":thin:.*|//[^/@\s]*@", lambda match: ":thin:…" if match[0].startswith(":") else "//…@", hit.text)
