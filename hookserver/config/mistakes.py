"""Pydantic's errors in the words of the settings file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from hookserver.config.app_schema import AppSettings
from hookserver.config.passwords import hide
from hookserver.config.schema import Settings
from hookserver.config.secrets import FILE_MISTAKE, secret_keys
from hookserver.errors import did_you_mean

_WHOLE, _NUMBER, _BOOLEAN = "a whole number", "a number", "true or false"
_NETWORK = 'a network, such as "10.0.0.0/8", with only zeros behind its mask'
_SHOULD_BE = {
    "tuple_type": "a list",
    "dict_type": 'a table, such as { key = "value" }',
    "string_type": "a text in quotes",
    "path_type": "a path in quotes",
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), _WHOLE),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), _NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), _BOOLEAN),
    **dict.fromkeys(("ip_v4_network", "ip_v6_network"), _NETWORK),
}


def explained(errors: Iterable[ErrorDetails]) -> list[str]:
    """Each mistake once, as ``path: what was wrong``."""
    details = [*errors]
    places = [detail["loc"] for detail in details]
    lines = [str(hide(_explain(detail))) for detail in details if not _follows_from_another(detail, places)]
    return list(dict.fromkeys(lines))


def _follows_from_another(detail: ErrorDetails, places: list[tuple[int | str, ...]]) -> bool:
    """Pydantic reports a list as too short when its only item was refused."""
    where = detail["loc"]
    return detail["type"] == "too_short" and any(where == other[: len(where)] != other for other in places)


def _explain(detail: ErrorDetails) -> str:
    where = [*_keys(detail["loc"])]
    path = ".".join(where) or "settings"
    given, kind = detail["input"], detail["type"]
    if kind == "extra_forbidden":
        return _with_hint(f"{path}: unknown key", where[-1], _known_keys(where[:-1]))
    if kind == "missing":
        return f"{path}: missing; it has no default"
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))
        return _with_hint(f"{path}: {given!r} is not one of {', '.join(allowed)}", str(given), allowed)
    if kind == "model_type":
        return f"{path}: should be a table, [{path}]"
    if kind == "tuple_type" and isinstance(given, str | int | float):
        return f"{path}: should be a list: {json.dumps([given], ensure_ascii=False)}"
    if kind == "too_short":
        return f"{path}: needs at least one"
    if kind == FILE_MISTAKE:
        return f"{path}_file: {detail['msg']}"
    if kind in _SHOULD_BE:
        return f"{path}: should be {_SHOULD_BE[kind]}"
    return f"{path}: {detail['msg'].removeprefix('Value error, ').replace('Input should', 'should')}"


def _keys(where: tuple[int | str, ...]) -> Iterator[str]:
    """The keys that are in the file, without the parts that pydantic adds, and without an app's ``name``."""
    for place, part in enumerate(map(str, where)):
        is_name = place == 2 and where[0] == "apps" and part == "name"
        if not is_name and not re.search(r"\[.*\]$", part):
            yield part


def _with_hint(mistake: str, given: str, candidates: list[str]) -> str:
    hint = did_you_mean(given, candidates)
    return f"{mistake}. {hint}" if hint else mistake


def _known_keys(where: list[str]) -> list[str]:
    model: type[BaseModel] = Settings
    for part in where:
        if model is Settings and part == "apps":
            model = AppSettings
        elif part in model.model_fields:
            inner: Any = model.model_fields[part].annotation
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                model = inner
    keys = [key for key in model.model_fields if key != "name"]
    return [*keys, *(f"{key}_file" for key in secret_keys(model))]
