"""Walks the settings by their schema: each value with its key and, when its type names a file, what is in that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hookserver.config.paths import Content

Key = tuple[str, ...]
"""The key of a value, and below it the keys of tables, such as ``("build", "env_files", "TOKEN")``."""


def values_of(section: BaseModel, prefix: Key = ()) -> Iterator[tuple[Key, Any, Content | None]]:
    """Each value at any depth with its key, and with what its file has in it when its type says so.

    The items of a list have the key of the list.
    """
    for name, field in type(section).model_fields.items():
        yield from _below((*prefix, name), getattr(section, name), field)


def files_of(section: BaseModel) -> Iterator[tuple[Key, Path]]:
    """Each file of this machine that the settings name, with its key; none for a file of the repository."""
    for key, value, content in values_of(section):
        if content and value and Path(value).is_absolute():
            yield key, Path(value)


def _below(key: Key, value: Any, kind: Any) -> Iterator[tuple[Key, Any, Content | None]]:
    """``kind``: the value's type, as a field or as the argument of a generic type has it."""
    if isinstance(value, BaseModel):
        yield from values_of(value, key)
    elif isinstance(value, Mapping | tuple):
        annotation = kind.annotation if isinstance(kind, FieldInfo) else kind
        item_kinds = [argument for argument in get_args(annotation) if argument is not Ellipsis] or [None]
        named = value.items() if isinstance(value, Mapping) else ((None, item) for item in value)
        for name, item in named:
            yield from _below(key if name is None else (*key, name), item, item_kinds[-1])
    else:
        metadata = kind.metadata if isinstance(kind, FieldInfo) else getattr(kind, "__metadata__", ())
        yield key, value, next((entry for entry in metadata if isinstance(entry, Content)), None)
