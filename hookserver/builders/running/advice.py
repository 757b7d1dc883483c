"""The remedies for failures that builds of every kind share, by a text of their output."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_LOGIN = (
    "A repository requires a password: mount a settings file that reads it from the environment (build.volumes, for "
    "Maven to /root/.m2/settings.xml), and put the password into build.env_files."
)
_NETWORK = (
    "The build cannot reach that host. Set a proxy in build.env, for Maven a proxy or a mirror in a settings file that "
    "build.volumes mounts. If the cache has everything, set build.offline = true."
)
_NEWER_JAVA = "The project needs a newer Java than the builder image has: set build.image to an image with that Java."
_OLDER_JAVA = (
    "The javac of the builder image no longer supports the project's Java level: set build.image to an image with an "
    "older JDK (JDK 8 supports all levels up to 8), or raise the level in the project."
)
ADVICE: Mapping[str, str] = {
    "PKIX path building failed": (
        "The build does not trust a server's certificate: set build.ca_bundle to a PEM file with your company's CA."
    ),
    "status code: 401": _LOGIN,
    "status code: 403": _LOGIN,
    "status code 401": _LOGIN,
    "status code 403": _LOGIN,
    "Not authorized": _LOGIN,
    "UnknownHostException": _NETWORK,
    "Unknown host": _NETWORK,
    "Temporary failure in name resolution": _NETWORK,
    "invalid target release": _NEWER_JAVA,
    "invalid source release": _NEWER_JAVA,
    "error: release version ": (
        "The javac of the builder image does not know the Java release that the project requires: set build.image to a "
        "JDK that does in build.image."
    ),
    "is no longer supported. Use": _OLDER_JAVA,
    "has been compiled by a more recent version of the Java": _NEWER_JAVA,
    "Unsupported class file major version": (
        "The build tool is too old for the Java that runs it: set build.image to an image with an older Java."
    ),
}


def advice(mentions: Callable[[str], bool], own: Mapping[str, str], otherwise: str) -> str:
    """The remedy for a text that the output ``mentions``: the kind's ``own``, then the shared, else ``otherwise``."""
    return next((remedy for text, remedy in {**own, **ADVICE}.items() if mentions(text)), otherwise)
