"""What a ``web.xml`` asks of a visitor before a path answers: HTTPS, or a login (servlet specification, §13.8)."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from hookserver.project.folder import text_at
from hookserver.project.web_app import WebApp


def access_restriction(web_app: WebApp, path: str) -> str:
    """Why a plain request without a login gets no 200 at this path; empty where nothing is in its way."""
    found = [] if web_app.web_xml is None else web_app.web_xml.findall("security-constraint")
    ranked = [(_rank(constraint, path), constraint) for constraint in found]
    best = max((rank for rank, _ in ranked), default=())
    deciding = [constraint for rank, constraint in ranked if rank and rank == best]
    if not deciding:
        return ""
    if all(_transport(constraint) in ("CONFIDENTIAL", "INTEGRAL") for constraint in deciding):
        return f"{web_app.path} asks for HTTPS here ({_transport(deciding[0])}): plain HTTP is sent elsewhere"
    method = (web_app.texts("login-config/auth-method") or ["no auth-method"])[0].upper()
    if method != "FORM" and all(constraint.find("auth-constraint") is not None for constraint in deciding):
        return f"{web_app.path} asks for a login here ({method}): without one the answer is 401 or 403"
    return ""


def _transport(constraint: Element) -> str:
    return text_at(constraint, "user-data-constraint/transport-guarantee").upper()


def _rank(constraint: Element, path: str) -> tuple[int, ...]:
    """How closely it means a GET of the path; empty when it does not. The closest pattern decides alone."""
    ranks = [()] + [
        _closeness((pattern.text or "").strip(), path)
        for resources in constraint.iterfind("web-resource-collection")
        if _means_get(resources)
        for pattern in resources.iterfind("url-pattern")
    ]
    return max(ranks)


def _means_get(resources: Element) -> bool:
    named, left_out = (
        {(method.text or "").strip().upper() for method in resources.iterfind(tag)}
        for tag in ("http-method", "http-method-omission")
    )
    return "GET" in named if named else "GET" not in left_out


def _closeness(pattern: str, path: str) -> tuple[int, ...]:
    if pattern == path and pattern != "/":
        return (3,)
    if pattern.endswith("/*") and f"{path}/".startswith(pattern[:-1]):
        return (2, len(pattern))
    if pattern.startswith("*.") and path.endswith(pattern[1:]):
        return (1,)
    return (0,) if pattern == "/" else ()
