"""Which classes of a compiled program it puts into sessions though they cannot be serialised, as its bytecode shows.

Read one method after the other, in order, by the Java Virtual Machine Specification (§4 the class file, §6 the
instructions): the type of what ``HttpSession.setAttribute`` gets is known where it was just made, cast, read from a
field, returned, or kept in a local variable. What branches hide is not seen.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

_OPERANDS = {
    **dict.fromkeys((16, 18, *range(21, 26), *range(54, 59), 169, 188), 1),
    **dict.fromkeys((17, 19, 20, 132, *range(153, 169), *range(178, 185), 187, 189, 192, 193, 198, 199), 2),
    **dict.fromkeys((185, 186, 200, 201), 4),
    197: 3,
}
"""Bytes after an opcode, where there are any; 170, 171 and 196 are of no fixed length."""
_ALOAD, _ASTORE, _NEW, _CHECKCAST, _SPECIAL = 25, 58, 187, 192, 183
_FIELDS, _CALLS = (178, 180), (182, 183, 184, 185)
_SESSIONS = ("javax/servlet/http/HttpSession", "jakarta/servlet/http/HttpSession")
_SERIALISABLE = ("java/io/Serializable", "java/io/Externalizable")
_SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}
"""Bytes of a constant, by its tag."""


@dataclass
class _Class:
    name: str
    parent: str
    interfaces: tuple[str, ...]
    put: list[str] = field(default_factory=list)


def find_unserializable(contents: Iterable[bytes]) -> tuple[str, ...]:
    """``Class (put there by Class)`` for each, out of the program's class files; a broken one is passed over."""
    classes: dict[str, _Class] = {}
    for content in contents:
        try:
            found = _Reader(content).read()
        except (struct.error, IndexError, KeyError, ValueError, TypeError):
            continue
        classes[found.name] = found
    put = {name: one.name for one in classes.values() for name in one.put}
    return tuple(f"{_shown(name)} (put there by {_shown(by)})" for name, by in put.items() if _cannot(classes, name))


def _cannot(classes: Mapping[str, _Class], name: str, depth: int = 8) -> bool:
    """Whether the class is the program's own, and neither it nor anything above it is serialisable."""
    known = classes.get(name)
    if known is None or depth == 0 or any(one in _SERIALISABLE for one in known.interfaces):
        return False
    if known.parent not in ("java/lang/Object", "java/lang/Record") and not _cannot(classes, known.parent, depth - 1):
        return False
    return all(one not in classes or _cannot(classes, one, depth - 1) for one in known.interfaces)


def _shown(name: str) -> str:
    return name.replace("/", ".")


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 8
        self._pool: dict[int, tuple[int, bytes]] = {}

    def read(self) -> _Class:
        self._read_pool()
        _, this, parent, count = self._take(">HHHH")
        interfaces = tuple(self._name(self._take(">H")[0]) for _ in range(count))
        found = _Class(self._name(this), self._name(parent) if parent else "java/lang/Object", interfaces)
        for _ in range(2):  # fields, then methods
            for _ in range(self._take(">H")[0]):
                self._take(">HHH")
                for name, content in self._attributes():
                    if name == "Code":
                        (length,) = struct.unpack_from(">I", content, 4)
                        found.put += _Method(self, content[8 : 8 + length]).put()
        return found

    def type_of(self, index: int) -> str:
        """Of a field, or of what a call returns; empty when it is no object."""
        described = self.member(index)[2].rpartition(")")[2]
        return described[1:-1] if described.startswith("L") else ""

    def member(self, index: int) -> tuple[str, str, str]:
        """A field's or method's class, name and type."""
        owner, described = struct.unpack(">HH", self._pool[index][1])
        name, type_ = struct.unpack(">HH", self._pool[described][1])
        return self.class_name(owner), self._text(name), self._text(type_)

    def class_name(self, index: int) -> str:
        return self._name(index)

    def _read_pool(self) -> None:
        count, index = self._take(">H")[0], 1
        while index < count:
            (tag,) = self._take(">B")
            size = self._take(">H")[0] if tag == 1 else _SIZES[tag]
            self._pool[index] = (tag, self._content[self._at : self._at + size])
            self._at += size
            index += 2 if tag in (5, 6) else 1

    def _attributes(self) -> Iterator[tuple[str, bytes]]:
        for _ in range(self._take(">H")[0]):
            name, size = self._take(">HI")
            self._at += size
            yield self._text(name), self._content[self._at - size : self._at]

    def _take(self, shape: str) -> tuple[int, ...]:
        taken = struct.unpack_from(shape, self._content, self._at)
        self._at += struct.calcsize(shape)
        return taken

    def _name(self, index: int) -> str:
        return self._text(struct.unpack(">H", self._pool[index][1])[0])

    def _text(self, index: int) -> str:
        return self._pool[index][1].decode("utf-8", "replace")


class _Method:
    """One method's instructions, and the type of what was pushed last."""

    def __init__(self, reader: _Reader, code: bytes) -> None:
        self._reader = reader
        self._code = code
        self._last = ""
        self._locals: dict[int, str] = {}

    def put(self) -> Iterator[str]:
        """The types of the values that become attributes of a session."""
        at = 0
        while at < len(self._code):
            code = self._code[at]
            if code in _CALLS and self._is_set_attribute(at) and self._last:
                yield self._last
            self._follow(code, at)
            at = self._next(code, at)

    def _follow(self, code: int, at: int) -> None:
        if code in (_NEW, _CHECKCAST):
            self._last = self._reader.class_name(self._index(at))
        elif code in _FIELDS:
            self._last = self._reader.type_of(self._index(at))
        elif code in _CALLS:
            owner, name, _ = self._reader.member(self._index(at))
            self._last = owner if (code, name) == (_SPECIAL, "<init>") else self._reader.type_of(self._index(at))
        elif code == _ALOAD or 42 <= code <= 45:
            self._last = self._locals.get(self._code[at + 1] if code == _ALOAD else code - 42, "")
        elif code == _ASTORE or 75 <= code <= 78:
            self._locals[self._code[at + 1] if code == _ASTORE else code - 75] = self._last

    def _is_set_attribute(self, at: int) -> bool:
        owner, name, _ = self._reader.member(self._index(at))
        return owner in _SESSIONS and name in ("setAttribute", "putValue")

    def _index(self, at: int) -> int:
        return int.from_bytes(self._code[at + 1 : at + 3], "big")

    def _next(self, code: int, at: int) -> int:
        if code == 196:  # wide
            return at + (6 if self._code[at + 1] == 132 else 4)
        if code not in (170, 171):
            return at + 1 + _OPERANDS.get(code, 0)
        table = at + 4 - at % 4  # a switch, aligned
        if code == 171:
            return table + 8 + 8 * int.from_bytes(self._code[table + 4 : table + 8], "big")
        low, high = struct.unpack_from(">ii", self._code, table + 4)
        return table + 12 + 4 * max(0, int(high - low + 1))
