"""What two replicas, or the next release's fresh containers, do to a project: said before it happens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from xml.etree.ElementTree import Element

from hookserver.project.builds.maven_pom import is_active
from hookserver.project.findings import Caution, Dependency, Hit, Hits
from hookserver.project.folder import Folder, text_at
from hookserver.project.sessions.classes import find_unserializable
from hookserver.project.web_app import WebApp

_EMBEDDED_JARS = {"h2": "H2", "hsqldb": "HSQLDB", "derby": "Derby", "sqlite-jdbc": "SQLite"}
_SERVER_JARS = re.compile(r"mysql-connector-.*|mariadb-java-client|postgresql|ojdbc\d*|mssql-jdbc|jtds|jcc")
_EMBEDDED_URL = re.compile(r"jdbc:(?:h2:(?!tcp:|ssl:)|hsqldb:(?!hsqls?:|https?:)|derby:(?!//)|sqlite:)", re.IGNORECASE)
_LOCAL = re.compile(r"(?:@|//)(?:localhost|127\.0\.0\.1)\b")
_MIGRATIONS = {
    "flyway-core": "Flyway",
    "liquibase-core": "Liquibase",
    "spring-boot-starter-flyway": "Flyway",
    "spring-boot-starter-liquibase": "Liquibase",
}
_SCRIPT = re.compile(r"(?:^|/)db/migration/(?:.*/)?V[\d_.]+__[^/]+\.sql$")
_TIMERS = {
    "scheduled": "@Scheduled",
    "scheduled in XML": "<task:…>",
    "quartz": "Quartz",
    "timer": "a timer",
}


def find_cautions(
    folder: Folder, dependencies: Iterable[Dependency], web_app: WebApp, hits: Mapping[str, Hits]
) -> tuple[Caution, ...]:
    """Every warning, in the order of the settings file."""
    libraries = list(dependencies)
    return (
        *_timers(libraries, hits),
        *_databases(folder, libraries, hits),
        *_resources(folder, web_app),
        *_files(hits),
        *_migrations(folder, libraries),
        *_dev_mode(hits),
        *_sessions(folder, web_app, hits),
    )


def embedded(dependencies: Iterable[Dependency], hits: Mapping[str, Hits]) -> str:
    """Which database the app carries inside, and where that was read; empty when it uses none, as far as is seen."""
    for hit in hits["jdbc"].first if "jdbc" in hits else ():
        if _EMBEDDED_URL.match(hit.text):
            return f"{_shown(hit)} in {hit.path}"
    if "embedded" in hits:
        return f"{hits['embedded'].first[0].text.lstrip('<')} in {hits['embedded']}"
    shipped = [found for found in dependencies if found.is_shipped]
    if any(_SERVER_JARS.fullmatch(found.artifact) for found in shipped):
        return ""
    library = next((found for found in shipped if found.artifact in _EMBEDDED_JARS), None)
    return f"{_EMBEDDED_JARS[library.artifact]} ({library}) in {library.where}" if library else ""


def _timers(libraries: list[Dependency], hits: Mapping[str, Hits]) -> Iterator[Caution]:
    found = [f"{name} in {hits[sort]}" for sort, name in _TIMERS.items() if sort in hits]
    quartz = next((library for library in libraries if library.artifact.startswith("quartz")), None)
    if quartz and "quartz" not in hits and quartz.is_shipped:
        found.append(f"{quartz} in {quartz.where}")
    if found:
        yield Caution(
            "replicas",
            f"timed jobs ({'; '.join(found)}) run in each replica, and after a switch in the old release too until "
            "its standby ends: let a lock in the database decide which one works",
        )


def _databases(folder: Folder, libraries: list[Dependency], hits: Mapping[str, Hits]) -> Iterator[Caution]:
    inside = embedded(libraries, hits)
    if inside:
        yield Caution(
            "replicas",
            f"a database inside the app ({inside}): every replica has its own data, or waits for the other's lock, and "
            "a deploy starts with an empty one; customers' data belongs in a database server",
        )
    found = [hit for hit in hits["jdbc"].first if _LOCAL.search(hit.text)] if "jdbc" in hits else []
    local = [(hit, _profile(folder, hit)) for hit in found if not _EMBEDDED_URL.match(hit.text)]
    if local:
        hit, profile = min(local, key=lambda pair: bool(pair[1]))
        only = f", only with the profile {profile}, which is not active by itself" if profile else ""
        yield Caution(
            "tomcat",
            f"{_shown(hit)} in {hit.path}{only}: in a container, localhost is the container itself; a database on this "
            "machine is host.docker.internal, one in a container is reached by tomcat.networks",
        )


def _profile(folder: Folder, hit: Hit) -> str:
    """The profile of a ``pom.xml`` that alone has it, where that is not active by itself."""
    root = folder.xml(hit.path) if hit.path.endswith("pom.xml") else None
    if root is None:
        return ""
    profiles = [profile for profile in root.iterfind("profiles/profile") if _says(profile, hit.text)]
    everywhere = sum(hit.text in (element.text or "") for element in root.iter())
    inside = sum(hit.text in (element.text or "") for profile in profiles for element in profile.iter())
    if everywhere > inside or any(is_active(profile) for profile in profiles):
        return ""
    return " or ".join(text_at(profile, "id", "default") for profile in profiles)


def _says(profile: Element, text: str) -> bool:
    return any(text in (element.text or "") for element in profile.iter())


def _dev_mode(hits: Mapping[str, Hits]) -> Iterator[Caution]:
    if "struts devMode" in hits:
        yield Caution(
            "health",
            f"struts.devMode is true in {hits['struts devMode']}: it is not for the public, and answers an error with "
            "a page and status 200, so only a text in health.body that the good page alone has tells them apart",
        )


def _resources(folder: Folder, web_app: WebApp) -> Iterator[Caution]:
    names = [name for name in web_app.texts("resource-ref/res-ref-name") if name][:5]
    context = next(iter(folder.program_files("META-INF/context.xml")), "")
    root = folder.xml(context) if context else None
    defined = {resource.get("name") for resource in root.iter("Resource")} if root is not None else set()
    missing = [name for name in names if name not in defined]
    if missing:
        yield Caution(
            "tomcat",
            f"{web_app.path} expects the resource {', '.join(missing)}, which no META-INF/context.xml defines: "
            "Tomcat's conf/context.xml must, and a database driver must be in its lib",
        )
    elif defined:
        yield Caution("tomcat", f"{context} defines {', '.join(map(str, defined))}: its driver must be in Tomcat's lib")
    path = root.get("path", "") if root is not None else ""
    if path not in ("", "/"):
        yield Caution(
            "app", f"{context} says path={path}: where pages link to {path}/…, set path = {path!r} for the app"
        )


def _files(hits: Mapping[str, Hits]) -> Iterator[Caution]:
    if "file" in hits:
        yield Caution(
            "tomcat",
            f"files are written ({hits['file'].first[0].text.strip('.(')} in {hits['file']}): what is written inside a "
            "container is gone with the next release; a folder that must stay belongs in volumes",
        )


def _migrations(folder: Folder, libraries: list[Dependency]) -> Iterator[Caution]:
    tool = next((found for found in libraries if found.is_shipped and found.artifact in _MIGRATIONS), None)
    script = next((name for name in folder.program_files(".sql") if _SCRIPT.search(name)), "")
    if not tool and not script:
        return
    seen = f"{_MIGRATIONS[tool.artifact]}, {tool} in {tool.where}" if tool else f"the script {script}"
    yield Caution(
        "prepare",
        f"the database is migrated ({seen}): where that happens as a replica starts, the old release still serves, and "
        "must live with each change; a command in prepare does it once, before they start, and its failure stops the "
        "deploy",
    )


def _sessions(folder: Folder, web_app: WebApp, hits: Mapping[str, Hits]) -> Iterator[Caution]:
    used = [str(hits[sort]) for sort in ("session", "session page") if sort in hits]
    if not used:
        return
    against = list(_against_replication(folder, web_app, hits))
    if against:
        advice = (
            "sticky suits: a visitor stays with the replica that has his session, over a switch too, for sticky_for at "
            f"most; replicated, which loses none, needs more: {'; '.join(against)}"
        )
    else:
        advice = (
            f"replicated suits, which loses none when a release is switched or a replica dies: {web_app.path} says "
            "<distributable/>, and no class of the project's own that cannot be serialised was seen in a session"
        )
    yield Caution("release", f"sessions are used ({used[0]}): {advice}", "sticky" if against else "replicated")


def _against_replication(folder: Folder, web_app: WebApp, hits: Mapping[str, Hits]) -> Iterator[str]:
    if not web_app.has("distributable"):
        yield f"<distributable/> in {web_app.path or 'a web.xml, WEB-INF/web.xml'}"
    compiled = [hit.text for hit in hits["unserialisable"].first] if "unserialisable" in hits else []
    if classes := [*find_unserializable(folder), *compiled]:
        yield f"that these implement java.io.Serializable: {', '.join(classes)}"


def _shown(hit: Hit) -> str:
    """An address of a database without what may be a password."""
    return re.sub(r":thin:.*|//[^/@\s]*@", lambda match: ":thin:…" if match[0].startswith(":") else "//…@", hit.text)
