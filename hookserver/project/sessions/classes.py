"""Which of its own classes a project puts into sessions though they cannot be serialised, as its Java sources show."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hookserver.project.folder import Folder

_SHOWN = 5
_DEPTH = 5
"""Superclasses that are looked through."""
_SET = re.compile(
    r"""(?:\b\w*[sS]ession|getSession\([^()]*\))\.setAttribute\(\s*(?:"[^"]*"|[\w.]+)\s*,\s*
    (?:new\s+(?P<made>[\w.]+)|(?P<variable>\w+)\s*\))""",
    re.VERBOSE,
)
_BEAN = re.compile(r"<jsp:useBean\b(?=[^>]{0,500}\bscope\s*=\s*[\"']session)[^>]{0,500}\bclass\s*=\s*[\"']([\w.]+)")
_DECLARED = r"\b(?:class|record|interface)\s+{}\b(?:\s*\([^{{]{{0,2000}}\))?(?P<heading>[^{{;]{{0,2000}})\{{"
_GENERICS = re.compile(r"<[^<>]*>")
_SERIALISABLE = re.compile(r"\b(?:Serializable|Externalizable|Exception|Throwable)\b")
_SUPERCLASS = re.compile(r"\bextends\s+([\w.]+)")
_INTERFACES = re.compile(r"\bimplements\s+([\w.,\s]+)")


def find_unserializable(folder: Folder) -> tuple[str, ...]:
    """``Class (put there by file)`` for each; a class that comes from elsewhere cannot be judged."""
    found: dict[str, str] = {}
    for path in folder.program_files(".java", ".jsp", ".jspf", ".tag"):
        for name in _put(folder.text(path)):
            found.setdefault(name, path)
    return tuple(f"{name} (put there by {path})" for name, path in found.items() if _cannot(folder, name))[:_SHOWN]


def _put(text: str) -> Iterator[str]:
    """The simple names of the classes whose objects become attributes of a session."""
    for match in _SET.finditer(text):
        if match["made"]:
            yield _simple(match["made"])
        elif declared := re.search(rf"\b([A-Z]\w*)(?:<[^;=(){{}}]{{0,300}}>)?\s+{match['variable']}\s*[=;,)]", text):
            yield declared[1]
    yield from map(_simple, _BEAN.findall(text))


def _cannot(folder: Folder, name: str, depth: int = _DEPTH) -> bool:
    """Whether the class's source is here, and neither it nor anything that it extends or implements is serialisable."""
    heading = _heading(folder, name)
    if heading is None or depth == 0 or _SERIALISABLE.search(heading):
        return False
    above = _SUPERCLASS.search(heading)
    if above and not _cannot(folder, _simple(above[1]), depth - 1):
        return False
    interfaces = [_simple(found) for list_ in _INTERFACES.findall(heading) for found in re.findall(r"[\w.]+", list_)]
    return all(_heading(folder, one) is None or _cannot(folder, one, depth - 1) for one in interfaces)


def _heading(folder: Folder, name: str) -> str | None:
    """What stands between a class's name and its brace; None when its source is not here."""
    for path in folder.program_files(f"/{name}.java"):
        if declared := re.search(_DECLARED.format(name), folder.text(path)):
            return _GENERICS.sub("", declared["heading"])
    return None


def _simple(name: str) -> str:
    return name.rpartition(".")[2]
