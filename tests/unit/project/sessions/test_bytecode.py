"""Classes in sessions, found in bytecode. The class files are made here, since there may be no compiler."""

from __future__ import annotations

import struct

import pytest

from hookserver.project.sessions.bytecode import find_unserializable

AFTER = ("after a switch", "after a lookup switch", "after a wide increment")
SESSION = "jakarta/servlet/http/HttpSession"


class Pool:
    """Constants, each once."""

    def __init__(self) -> None:
        self._entries: list[bytes] = []

    def text(self, text: str) -> int:
        return self._add(b"\x01" + struct.pack(">H", len(text)) + text.encode())

    def class_(self, name: str) -> int:
        return self._add(b"\x07" + struct.pack(">H", self.text(name)))

    def member(self, tag: int, owner: str, name: str, type_: str) -> int:
        described = self._add(b"\x0c" + struct.pack(">HH", self.text(name), self.text(type_)))
        return self._add(bytes([tag]) + struct.pack(">HH", self.class_(owner), described))

    def __bytes__(self) -> bytes:
        return struct.pack(">H", len(self._entries) + 1) + b"".join(self._entries)

    def _add(self, entry: bytes) -> int:
        if entry not in self._entries:
            self._entries.append(entry)
        return self._entries.index(entry) + 1


def class_file(
    name: str, parent: str = "java/lang/Object", *interfaces: str, code: bytes = b"", pool: Pool | None = None
) -> bytes:
    pool = pool or Pool()
    this, above, named = pool.class_(name), pool.class_(parent), [pool.class_(one) for one in interfaces]
    body = struct.pack(">HHHH", 1, this, above, len(named)) + b"".join(struct.pack(">H", one) for one in named)
    body += struct.pack(">H", 0)
    methods = struct.pack(">H", bool(code))
    if code:
        content = struct.pack(">HHI", 4, 4, len(code)) + code + struct.pack(">HH", 0, 0)
        methods += struct.pack(">HHHH", 1, pool.text("doPost"), pool.text("()V"), 1)
        methods += struct.pack(">HI", pool.text("Code"), len(content)) + content
    return b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(pool) + body + methods + struct.pack(">H", 0)


def two(opcode: int, index: int) -> bytes:
    return struct.pack(">BH", opcode, index)


def putting(kind: str, api: str = SESSION) -> bytes:
    """A class with a method that gets a shop/Cart in this way and puts it into the session."""
    pool = Pool()
    set_it = struct.pack(
        ">BHBB", 185, pool.member(11, api, "setAttribute", "(Ljava/lang/String;Ljava/lang/Object;)V"), 3, 0
    )
    make = (
        two(187, pool.class_("shop/Cart"))
        + b"\x59\x2b"
        + two(183, pool.member(10, "shop/Cart", "<init>", "(Lshop/A;)V"))
    )
    ways = {
        "made": make,
        "kept": make + b"\x3a\x05\x01\x57\x19\x05",
        "cast": b"\x2b" + two(192, pool.class_("shop/Cart")),
        "returned": two(184, pool.member(10, "shop/Carts", "cart", "()Lshop/Cart;")),
        "field": b"\x2a" + two(180, pool.member(9, "shop/Web", "cart", "Lshop/Cart;")),
        "after a switch": b"\x1a\xaa\0\0" + struct.pack(">iiii", 20, 1, 1, 20) + make,
        "after a lookup switch": b"\x1a\xab\0\0" + struct.pack(">iiii", 20, 1, 1, 20) + make,
        "after a wide increment": b"\xc4\x84\1\0\0\1" + make,
    }
    return class_file("shop/Web", code=ways[kind] + set_it + b"\xb1", pool=pool)


@pytest.mark.parametrize("kind", ["made", "kept", "cast", "returned", "field", *AFTER])
def test_unserializable_class_is_found_from_each_source_of_the_object(kind: str) -> None:
    assert find_unserializable([putting(kind), class_file("shop/Cart")]) == ("shop.Cart (put there by shop.Web)",)


def test_record_without_serializable_is_found() -> None:
    assert find_unserializable([putting("made"), class_file("shop/Cart", "java/lang/Record")])


def test_only_session_attributes_of_both_apis_count() -> None:
    assert find_unserializable([putting("made", "javax/servlet/http/HttpSession"), class_file("shop/Cart")])
    assert not find_unserializable([putting("made", "jakarta/servlet/ServletRequest"), class_file("shop/Cart")])


def test_serializable_or_unknown_class_is_not_named() -> None:
    itself = class_file("shop/Cart", "java/lang/Object", "java/io/Serializable")
    through = [
        class_file("shop/Cart", "shop/Base"),
        class_file("shop/Base", "java/lang/Object", "java/io/Serializable"),
    ]
    assert not find_unserializable([putting("made"), itself])
    assert not find_unserializable([putting("made"), *through])
    assert not find_unserializable([putting("made"), class_file("shop/Cart", "lib/Elsewhere")])
    assert not find_unserializable([putting("made")])


@pytest.mark.parametrize("length", [0, 9, 30, 90, 150])
def test_broken_class_file_is_skipped(length: int) -> None:
    assert not find_unserializable([putting("made")[:length], class_file("shop/Cart")])
