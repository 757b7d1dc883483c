"""Finds the project's own classes that it puts into sessions although they are not serializable, in its sources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from hookserver.project.folder import Folder
from hookserver.project.sessions.serializable import Supertypes, is_unserializable

_MAX_SHOWN = 5
_SET = re.compile(
    r"""(?:\b\w*[sS]ession|getSession\([^()]*\))\.setAttribute\(\s*(?:"[^"]*"|[\w.]+)\s*,\s*
    (?:new\s+(?P<made>[\w.]+)|(?P<variable>\w+)\s*\))""",
    re.VERBOSE,
)
_BEAN = re.compile(r"<jsp:useBean\b(?=[^>]{0,500}\bscope\s*=\s*[\"']session)[^>]{0,500}\bclass\s*=\s*[\"']([\w.]+)")
# A CDI, JSF or Spring bean of this scope is itself an attribute of the session
_SCOPED = re.compile(
    r"@(?:SessionScoped?\b|Scope\s*\([^)]{0,200}(?:\"session\"|SCOPE_SESSION))[^;{]{0,1000}?\bclass\s+(\w+)"
)
_DECLARED = r"\b(?:class|record|interface)\s+{}\b(?:\s*\([^{{]{{0,2000}}\))?(?P<heading>[^{{;]{{0,2000}})\{{"
_GENERICS = re.compile(r"<(?:[^<>]|<[^<>]*>)*>")
_CLAUSE = re.compile(r"\b(extends|implements|permits)\b")


def find_unserializable(folder: Folder) -> tuple[str, ...]:
    """``Class (put there by file)`` for each class, at most five."""
    found: dict[str, str] = {}
    for path in folder.program_files(".java", ".jsp", ".jspf", ".tag"):
        for name in _session_classes(folder.text(path)):
            found.setdefault(name, path)
    find = partial(_supertypes, folder)
    names = [f"{name} (put there by {path})" for name, path in found.items() if is_unserializable(name, find)]
    return tuple(names[:_MAX_SHOWN])


def _session_classes(text: str) -> Iterator[str]:
    """The simple names of the classes whose objects become attributes of a session."""
    for match in _SET.finditer(text):
        if match["made"]:
            yield _simple(match["made"])
        elif declared := re.search(rf"\b([A-Z]\w*)(?:<[^;=(){{}}]{{0,300}}>)?\s+{match['variable']}\s*[=;,)]", text):
            yield declared[1]
    yield from map(_simple, _BEAN.findall(text))
    yield from _SCOPED.findall(text)


def _supertypes(folder: Folder, name: str) -> Supertypes | None:
    """The simple names of the supertypes; None if the project has no source of the class."""
    for path in folder.program_files(f"/{name}.java"):
        if declared := re.search(_DECLARED.format(name), folder.text(path)):
            _, *parts = _CLAUSE.split(_GENERICS.sub("", declared["heading"]))
            clauses = {clause: _names(text) for clause, text in zip(parts[::2], parts[1::2], strict=True)}
            extended = clauses.get("extends", [])
            # A class extends one class; an interface extends other interfaces
            is_interface = "interface" in declared[0].partition(name)[0]
            parent = "" if is_interface or not extended else extended.pop(0)
            return Supertypes(parent, (*extended, *clauses.get("implements", ())))
    return None


def _names(text: str) -> list[str]:
    return [_simple(name) for name in re.findall(r"[\w.]+", text)]


def _simple(name: str) -> str:
    return name.rpartition(".")[2]
