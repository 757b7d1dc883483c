"""Whether a WAR, its settings and a Tomcat image fit together: servlet API, Java version, sessions.

Tomcat 10 moved from ``javax.servlet`` to ``jakarta.servlet``: https://tomcat.apache.org/migration-10.html
"""

from __future__ import annotations

from hookserver.builders.tomcat.base_image import Base
from hookserver.builders.tomcat.library import Library
from hookserver.builders.wars.facts import WarFacts
from hookserver.errors import BuildError

_WAYS_OUT = {
    "javax": (
        "Set tomcat.image to a Tomcat 9 image, such as tomcat:9.0-jdk17-temurin, or set tomcat.migrate = true: "
        "the build then converts the WAR with Tomcat's own migration tool."
    ),
    "jakarta": (
        "Set tomcat.image to a Tomcat 10.1 or newer, such as tomcat:10.1-jdk17-temurin, or write the project for "
        "javax.servlet."
    ),
}
_TAGS_WAYS_OUT = {
    "javax": (
        "Put the library for jakarta in place of {jar} (for JSTL: org.glassfish.web:jakarta.servlet.jsp.jstl 3.0.1), "
        "or set tomcat.migrate = true."
    ),
    "jakarta": "Put the library for javax in place of {jar} (for JSTL: javax.servlet:jstl 1.2).",
}


def _check_tags(war: WarFacts, base: Base, image: str) -> None:
    """Refuse tags of the other API only where a page uses them: an unused library of the other API does no harm."""
    for uri, page in war.pages:
        libraries = [(jar, api) for library_uri, jar, api in war.tags if library_uri == uri]
        if base.servlet and libraries and all(api not in ("", base.servlet) for _, api in libraries):
            jar, api = libraries[0]
            raise BuildError(
                f"{page} uses the tags of {uri}, which {jar} has for {api}.servlet, and the Tomcat of {image} knows "
                f"{base.servlet}.servlet only: the page would answer 500",
                _TAGS_WAYS_OUT[api].format(jar=jar),
            )


def check(war: WarFacts, base: Base, image: str) -> None:
    """Raise BuildError for a WAR that cannot work on the base, called ``image``. Unknown facts are no mismatch."""
    if war.servlet and base.servlet and war.servlet != base.servlet:
        raise BuildError(
            f"the WAR is written for {war.servlet}.servlet (seen in {war.servlet_source}), "
            f"and the Tomcat of {image} knows {base.servlet}.servlet only",
            _WAYS_OUT[war.servlet],
        )
    _check_tags(war, base, image)
    if base.java and war.java > base.java:
        raise BuildError(
            f"the WAR needs Java {war.java} (seen in {war.java_source}), and {image} has Java {base.java}",
            f"Set tomcat.image to a Tomcat image with Java {war.java} or newer, or compile the project for Java "
            f"{base.java}.",
        )


def check_sessions(sessions: str, library: Library, image: str) -> None:
    """Raise BuildError when ``release.sessions`` is ``shared``, and the Tomcat lacks the classes for it."""
    if sessions == "shared" and not library.shares_sessions:
        output = f"\n{library.compiler_output}" if library.compiler_output else ""
        raise BuildError(
            f"release.sessions is shared, and hookserver's session classes do not compile against the Tomcat of {image}"
            + output,
            'Set tomcat.image to an image with a complete Tomcat of 8.5 or newer, or set release.sessions = "sticky".',
        )
