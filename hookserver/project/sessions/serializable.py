"""Decides whether a class can be serialized, from its supertypes.

A class is serializable if it, a superclass or an interface of it is ``java.io.Serializable`` (Java Object
Serialization Specification §1.10). Classes outside the project cannot be judged and count as serializable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_MAX_DEPTH = 8
_SERIALIZABLE = ("Serializable", "Externalizable")
_NO_PARENT = ("", "java/lang/Object", "java/lang/Record")


@dataclass(frozen=True)
class Supertypes:
    """The superclass (empty: none) and the interfaces of a class."""

    parent: str
    interfaces: tuple[str, ...]


def is_unserializable(name: str, find: Callable[[str], Supertypes | None], depth: int = _MAX_DEPTH) -> bool:
    """Whether the class is certainly not serializable. ``find`` returns None for a class outside the project."""
    found = find(name)
    if found is None or depth == 0 or any(one.rpartition("/")[2] in _SERIALIZABLE for one in found.interfaces):
        return False
    if found.parent not in _NO_PARENT and not is_unserializable(found.parent, find, depth - 1):
        return False
    return all(find(one) is None or is_unserializable(one, find, depth - 1) for one in found.interfaces)
