"""The remedies for failures that builds of every kind share, by a text of their output."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_LOGIN = (
    "A repository asks for a password: mount a settings file that reads it from the environment (build.volumes, for "
    "Maven to /root/.m2/settings.xml), and give the password in build.env_files."
)
_NETWORK = (
    "The build does not reach that host: a proxy belongs in build.env, for Maven in a settings file of build.volumes, "
    "as a mirror does; if the cache has everything, build.offline = true needs no network."
)
_NEWER_JAVA = "The project needs a newer Java than its builder image has: name one in build.image."
_OLDER_JAVA = (
    "The project's Java level is one that the javac of its builder image no longer knows: name an image with an older "
    "JDK in build.image (8 knows every level up to its own), or raise the level in the project."
)
ADVICE: Mapping[str, str] = {
    "PKIX path building failed": (
        "The build does not know a server's certificate: name the company's in build.ca_bundle."
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
        "The javac of the builder image does not know the Java release that the project asks for: name an image with a "
        "JDK that does in build.image."
    ),
    "is no longer supported. Use": _OLDER_JAVA,
    "has been compiled by a more recent version of the Java": _NEWER_JAVA,
    "Unsupported class file major version": (
        "The build's tool is too old for the Java that runs it: name a builder image with an older one in build.image."
    ),
}


def advice(mentions: Callable[[str], bool], own: Mapping[str, str], otherwise: str) -> str:
    """The remedy for a text that the output ``mentions``: the kind's ``own``, then the shared, else ``otherwise``."""
    return next((remedy for text, remedy in {**own, **ADVICE}.items() if mentions(text)), otherwise)
