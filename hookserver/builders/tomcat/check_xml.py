"""The app's own XML files for Tomcat, checked before the build: Tomcat ignores some mistakes silently."""

from __future__ import annotations

from pathlib import PurePosixPath
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from hookserver.errors import BuildError

_ROOTS = {"server.xml": "Server", "context.xml": "Context", "tomcat-users.xml": "tomcat-users", "web.xml": "web-app"}
_HOST_FOLDERS = 3
"""The folders of a context's file, ``conf/<engine>/<host>``: https://tomcat.apache.org/tomcat-10.1-doc/config/context.html"""
# The format is in https://tomcat.apache.org/tomcat-10.1-doc/realm-howto.html#UserDatabaseRealm
_USERS = """Write it as Tomcat reads it:
  <tomcat-users>
    <role rolename="manager-gui"/>
    <user username="…" password="…" roles="manager-gui"/>
  </tomcat-users>"""


def check_xml(place: str, content: bytes, name: str) -> None:
    """Check the file ``name``, which is copied to ``place`` (``conf/server.xml``).

    Raises BuildError when it is no XML, or not the XML that Tomcat reads in that place.
    """
    root = _parsed(place, content, name)
    path = PurePosixPath(place)
    wanted = "Context" if len(path.parent.parts) == _HOST_FOLDERS else _ROOTS.get(path.name)
    if path.name == "tomcat-users.xml":
        _check_users(root, name)
    elif wanted and _local(root) != wanted:
        raise BuildError(
            f"{name} is not a {place}: its root element is <{_local(root)}>, but Tomcat expects <{wanted}>",
            "Fix the file, or its place in tomcat.files.",
        )


def _parsed(place: str, content: bytes, name: str) -> Element:
    try:
        root: Element = fromstring(content)
    except DefusedXmlException as error:
        raise BuildError(
            f"{name} (for {place}) uses XML entities, which are not allowed", "Write their text instead."
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise BuildError(f"{name} (for {place}) is not valid XML: {error}", "Fix the file.") from error
    return root


def _check_users(root: Element, name: str) -> None:
    if _local(root) != "tomcat-users":
        first = next((f"<{_local(child)}>" for child in root), "")
        raise BuildError(
            f"{name} is not a tomcat-users.xml: Tomcat silently ignores its root element <{_local(root)}>{first}",
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
