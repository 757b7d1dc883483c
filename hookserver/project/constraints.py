"""The access rules of a ``web.xml``: HTTPS or a login for a path (Servlet 6.0 §13.8, security constraints).

https://jakarta.ee/specifications/servlet/6.0/jakarta-servlet-spec-6.0#specifying-security-constraints
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from hookserver.project.folder import text_at
from hookserver.project.web_app import WebApp


def access_restriction(web_app: WebApp, path: str) -> str:
    """Why a plain GET without a login does not get a 200 at this path; empty if nothing restricts it."""
    found = [] if web_app.web_xml is None else web_app.web_xml.findall("security-constraint")
    ranked = [(_rank(constraint, path), constraint) for constraint in found]
    best = max((rank for rank, _ in ranked), default=())
    deciding = [constraint for rank, constraint in ranked if rank and rank == best]
    if not deciding:
        return ""
    if all(_transport(constraint) in ("CONFIDENTIAL", "INTEGRAL") for constraint in deciding):
        return f"{web_app.path} requires HTTPS here ({_transport(deciding[0])}): plain HTTP is redirected"
    method = (web_app.texts("login-config/auth-method") or ["no auth-method"])[0].upper()
    # With FORM, the answer is the login page, with status 200 (§13.6.3)
    if method != "FORM" and all(constraint.find("auth-constraint") is not None for constraint in deciding):
        return f"{web_app.path} requires a login here ({method}): without one the answer is 401 or 403"
    return ""


def _transport(constraint: Element) -> str:
    return text_at(constraint, "user-data-constraint/transport-guarantee").upper()


def _rank(constraint: Element, path: str) -> tuple[int, ...]:
    """How closely a constraint matches a GET of the path; empty if it does not. Only the best match applies."""
    ranks = [()] + [
        _closeness((pattern.text or "").strip(), path)
        for resources in constraint.iterfind("web-resource-collection")
        if _includes_get(resources)
        for pattern in resources.iterfind("url-pattern")
    ]
    return max(ranks)


def _includes_get(resources: Element) -> bool:
    named, omitted = (
        {(method.text or "").strip().upper() for method in resources.iterfind(tag)}
        for tag in ("http-method", "http-method-omission")
    )
    return "GET" in named if named else "GET" not in omitted


def _closeness(pattern: str, path: str) -> tuple[int, ...]:
    """The order of §12.1: exact, longest prefix, extension, default."""
    if pattern == path and pattern != "/":
        return (3,)
    if pattern.endswith("/*") and f"{path}/".startswith(pattern[:-1]):
        return (2, len(pattern))
    if pattern.startswith("*.") and path.endswith(pattern[1:]):
        return (1,)
    return (0,) if pattern == "/" else ()
