"""The servlet APIs and tag libraries in a WAR's texts: JSP pages (https://jakarta.ee/specifications/pages/) and XML.

Only code that Tomcat compiles or loads counts: a name in a comment, a string or an expression for request attributes
does no harm on any Tomcat.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

APIS = ("javax", "jakarta")
_PAGES = {".jsp", ".jspf", ".jspx", ".tag", ".tagx"}
_PAGE_COMMENT = re.compile(rb"<%--.*?(?:--%>|\Z)", re.DOTALL)
_CODE = re.compile(rb"<%(?![@-])(.*?)(?:%>|\Z)|<jsp:(?:scriptlet|declaration|expression)>(.*?)(?:</jsp:|\Z)", re.DOTALL)
_NO_CODE = re.compile(rb"""/\*.*?(?:\*/|\Z)|//[^\n]*|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?""", re.DOTALL)
"""Comments, strings and characters; one that does not end goes on to the end of its line."""
_TYPED = re.compile(
    rb"<(?:%@\s*|jsp:directive\.)(?:page|tag|attribute|variable)\b(.*?)(?:>|\Z)|<jsp:useBean\b(.*?)(?:>|\Z)", re.DOTALL
)
_TYPES = re.compile(rb"""\b(?:import|extends|type|class)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_TAGS = re.compile(rb"""(?:<%@\s*taglib\s[^>]{0,300}?\buri|\bxmlns:\w+)\s*=\s*["']([^"'<>]{1,300})["']""")
_LOADED = {"servlet-class", "filter-class", "listener-class"}
"""Not the classes of tags: Tomcat loads those when a page uses them, and an unused library may name any."""


def is_page(name: str) -> bool:
    """Whether Tomcat compiles the file."""
    return PurePosixPath(name).suffix.lower() in _PAGES


def is_descriptor(name: str) -> bool:
    """Whether Tomcat loads the classes that the file names."""
    return name == "WEB-INF/web.xml" or (name.startswith("WEB-INF/") and name.endswith(".tld"))


def apis_of_page(content: bytes) -> list[str]:
    """The servlet APIs that the page needs to compile."""
    text = _PAGE_COMMENT.sub(b"", content)
    code = [_NO_CODE.sub(b" ", b"".join(match.groups(b""))) for match in _CODE.finditer(text)]
    types = [b"".join(pair) for match in _TYPED.finditer(text) for pair in _TYPES.findall(b"".join(match.groups(b"")))]
    compiled = b"\n".join((*code, *types))
    return [api for api in APIS if re.search(rf"\b{api}\.servlet\.".encode(), compiled)]


def tags_of_page(content: bytes) -> list[str]:
    """The URIs of the tag libraries that the page uses."""
    return [uri.decode("utf-8", "replace") for uri in _TAGS.findall(content)]


def apis_of_descriptor(content: bytes) -> list[str]:
    """The APIs whose own classes (``javax.faces.webapp.FacesServlet``) Tomcat loads because of a descriptor.

    Its namespace does not count: any Tomcat accepts a descriptor of the other API.
    """
    try:
        root = fromstring(content)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return []
    loaded = [(node.text or "").strip() for node in root.iter() if node.tag.rpartition("}")[2] in _LOADED]
    return [api for api in APIS if any(name.startswith(f"{api}.") for name in loaded)]
