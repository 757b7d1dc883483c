"""The decision whether a class is serializable, from its supertypes."""

from __future__ import annotations

import pytest

from hookserver.project.sessions.serializable import Supertypes, is_unserializable

OBJECT = "java/lang/Object"
CLASSES = {
    "Plain": Supertypes(OBJECT, ()),
    "Record": Supertypes("java/lang/Record", ("java/lang/Comparable",)),
    "Cart": Supertypes(OBJECT, ("java/io/Serializable",)),
    "Child": Supertypes("Cart", ()),
    "PlainChild": Supertypes("Plain", ()),
    "OfLibrary": Supertypes("lib/Base", ()),
    "Marker": Supertypes("", ("Externalizable",)),
    "Marked": Supertypes(OBJECT, ("Marker",)),
    "Loop": Supertypes("Loop", ()),
}


@pytest.mark.parametrize("name", ["Plain", "Record", "PlainChild"])
def test_class_without_a_serializable_supertype_is_unserializable(name: str) -> None:
    assert is_unserializable(name, CLASSES.get)


@pytest.mark.parametrize("name", ["Cart", "Child", "Marked", "OfLibrary", "lib/Unknown", "Loop"])
def test_serializable_or_unknown_class_is_not_unserializable(name: str) -> None:
    assert not is_unserializable(name, CLASSES.get)
