"""Tomcat's XML files as a person wrote them, checked before the build: Tomcat ignores some mistakes in silence."""

from __future__ import annotations

from pathlib import PurePosixPath
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from hookserver.errors import BuildError

_ROOTS = {"server.xml": "Server", "context.xml": "Context", "tomcat-users.xml": "tomcat-users", "web.xml": "web-app"}
_HOST_FOLDERS = 3
"""Names above a context's file: ``conf/<engine>/<host>``."""
_USERS = """Write it as Tomcat reads it:
  <tomcat-users>
    <role rolename="manager-gui"/>
    <user username="…" password="…" roles="manager-gui"/>
  </tomcat-users>"""


def check_xml(place: str, content: bytes, name: str) -> None:
    """Check a file that goes to ``place`` (``conf/server.xml``) and is called ``name`` where it comes from.

    Raises BuildError when it is no XML, or is not what Tomcat looks for in that place.
    """
    root = _parsed(place, content, name)
    path = PurePosixPath(place)
    wanted = "Context" if len(path.parent.parts) == _HOST_FOLDERS else _ROOTS.get(path.name)
    if path.name == "tomcat-users.xml":
        _check_users(root, name)
    elif wanted and _local(root) != wanted:
        raise BuildError(
            f"{name} is no {place}: its root is <{_local(root)}>, Tomcat looks for <{wanted}>",
            "Mend the file, or what tomcat.files says of it.",
        )


def _parsed(place: str, content: bytes, name: str) -> Element:
    try:
        root: Element = fromstring(content)
    except DefusedXmlException as error:
        raise BuildError(
            f"{name} (for {place}) uses XML entities, which are not taken", "Write out what they stand for."
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise BuildError(f"{name} (for {place}) is no XML: {error}", "Mend the file.") from error
    return root


def _check_users(root: Element, name: str) -> None:
    if _local(root) != "tomcat-users":
        first = next((f"<{_local(child)}>" for child in root), "")
        raise BuildError(
            f"{name} is no tomcat-users.xml: it begins with <{_local(root)}>{first}, which Tomcat ignores in silence",
            _USERS,
        )
    for child in root:
        kind = _local(child)
        if kind not in ("role", "group", "user"):
            raise BuildError(f"{name}: Tomcat ignores <{kind}> in <tomcat-users>", _USERS)
        named = child.get(f"{kind}name") or (child.get("name") if kind == "user" else None)
        if not named:
            raise BuildError(f"{name}: a <{kind}> has no {kind}name", _USERS)
        if kind == "user" and child.get("password") is None:
            raise BuildError(f"{name}: the user {named} has no password", _USERS)


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]
