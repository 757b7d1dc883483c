"""Finds the program's own classes that it puts into sessions although they are not serializable, in its bytecode.

Follows each method's instructions in order (Java Virtual Machine Specification, https://docs.oracle.com/javase/specs/,
§4 class files, §6 instructions). The type of an attribute is known if the object was just made, cast, read from a
field, returned by a call, or kept in a local variable. Branches are not followed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from hookserver.project.sessions.serializable import Supertypes, is_unserializable

_HEADER_SIZE = 8
_OPERAND_BYTES = {
    **dict.fromkeys((16, 18, *range(21, 26), *range(54, 59), 169, 188), 1),
    **dict.fromkeys((17, 19, 20, 132, *range(153, 169), *range(178, 185), 187, 189, 192, 193, 198, 199), 2),
    **dict.fromkeys((185, 186, 200, 201), 4),
    197: 3,
}
"""§6.5: the bytes after an opcode, if there are any. The opcodes below it have a variable length."""
_TABLESWITCH, _LOOKUPSWITCH, _WIDE, _IINC = 170, 171, 196, 132
_ALOAD, _ALOAD_0, _ASTORE, _ASTORE_0, _NEW, _CHECKCAST, _INVOKESPECIAL = 25, 42, 58, 75, 187, 192, 183
_FIELDS, _CALLS = (178, 180), (182, 183, 184, 185)
_SESSIONS = ("javax/servlet/http/HttpSession", "jakarta/servlet/http/HttpSession")
_SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}
"""§4.4: the bytes of a constant, by its tag. Tag 1 is a text, with its length before it."""


def find_unserializable(contents: Iterable[bytes]) -> tuple[str, ...]:
    """``Class (put there by Class)`` for each class. A broken class file is skipped."""
    classes: dict[str, Supertypes] = {}
    put_by: dict[str, str] = {}
    for content in contents:
        try:
            reader = _ClassFile(content)
            classes[reader.name] = reader.supertypes
            put_by |= dict.fromkeys(reader.session_attributes, reader.name)
        except (struct.error, IndexError, KeyError, ValueError, TypeError):
            continue
    return tuple(
        f"{_shown(name)} (put there by {_shown(owner)})"
        for name, owner in put_by.items()
        if is_unserializable(name, classes.get)
    )


def _shown(name: str) -> str:
    return name.replace("/", ".")


class _ClassFile:
    """The name and supertypes of a class, and the types of the session attributes that it sets (§4.1)."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = _HEADER_SIZE
        self._pool: dict[int, bytes] = {}
        self._read_pool()
        _, this, parent, count = self._take(">HHHH")
        self.name = self._class_name(this)
        interfaces = tuple(self._class_name(self._take(">H")[0]) for _ in range(count))
        self.supertypes = Supertypes(self._class_name(parent), interfaces)
        self.session_attributes: list[str] = []
        for _ in range(2):  # fields, then methods
            for _ in range(self._take(">H")[0]):
                self._take(">HHH")
                for name, attribute in self._attributes():
                    if name == "Code":
                        (length,) = struct.unpack_from(">I", attribute, 4)
                        self.session_attributes += self._follow(attribute[8 : 8 + length])

    def _follow(self, code: bytes) -> Iterator[str]:
        """The types of the session attributes that a method sets. ``last`` is the type of the last pushed object."""
        last, variables, position = "", dict[int, str](), 0
        while position < len(code):
            opcode, index = code[position], int.from_bytes(code[position + 1 : position + 3], "big")
            if opcode in (_NEW, _CHECKCAST):
                last = self._class_name(index)
            elif opcode in _FIELDS:
                last = _object_type(self._member(index)[2])
            elif opcode in _CALLS:
                owner, name, type_ = self._member(index)
                if owner in _SESSIONS and name in ("setAttribute", "putValue") and last:
                    yield last
                last = owner if (opcode, name) == (_INVOKESPECIAL, "<init>") else _object_type(type_)
            elif opcode == _ALOAD or opcode - _ALOAD_0 in range(4):
                last = variables.get(code[position + 1] if opcode == _ALOAD else opcode - _ALOAD_0, "")
            elif opcode == _ASTORE or opcode - _ASTORE_0 in range(4):
                variables[code[position + 1] if opcode == _ASTORE else opcode - _ASTORE_0] = last
            position = _next(code, position)

    def _member(self, index: int) -> tuple[str, str, str]:
        """The class, the name and the type of a field or a method (§4.4.2)."""
        owner, name_and_type = struct.unpack(">HH", self._pool[index])
        name, type_ = struct.unpack(">HH", self._pool[name_and_type])
        return self._class_name(owner), self._text(name), self._text(type_)

    def _read_pool(self) -> None:
        count, index = self._take(">H")[0], 1
        while index < count:
            (tag,) = self._take(">B")
            size = self._take(">H")[0] if tag == 1 else _SIZES[tag]
            self._pool[index] = self._content[self._position : self._position + size]
            self._position += size
            index += 2 if tag in (5, 6) else 1  # §4.4.5: a long or double takes two entries

    def _attributes(self) -> Iterator[tuple[str, bytes]]:
        for _ in range(self._take(">H")[0]):
            name, size = self._take(">HI")
            self._position += size
            yield self._text(name), self._content[self._position - size : self._position]

    def _take(self, shape: str) -> tuple[int, ...]:
        taken = struct.unpack_from(shape, self._content, self._position)
        self._position += struct.calcsize(shape)
        return taken

    def _class_name(self, index: int) -> str:
        return self._text(struct.unpack(">H", self._pool[index])[0])

    def _text(self, index: int) -> str:
        return self._pool[index].decode("utf-8", "replace")


def _object_type(descriptor: str) -> str:
    """The class of a field, or of the result of a call; empty for a primitive or an array (§4.3)."""
    result = descriptor.rpartition(")")[2]
    return result[1:-1] if result.startswith("L") else ""


def _next(code: bytes, position: int) -> int:
    """The position of the next instruction."""
    opcode = code[position]
    if opcode == _WIDE:
        return position + (6 if code[position + 1] == _IINC else 4)
    if opcode not in (_TABLESWITCH, _LOOKUPSWITCH):
        return position + 1 + _OPERAND_BYTES.get(opcode, 0)
    table = position + 4 - position % 4  # the operands of a switch are aligned to four bytes
    if opcode == _LOOKUPSWITCH:
        return table + 8 + 8 * int.from_bytes(code[table + 4 : table + 8], "big")
    low, high = struct.unpack_from(">ii", code, table + 4)
    return table + 12 + 4 * max(0, int(high - low + 1))
