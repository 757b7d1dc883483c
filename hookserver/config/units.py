"""Durations and sizes as people write them."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?")
_LONGEST = 36500 * 86400.0
_LARGEST = 1 << 50
_DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"(\d+)\s*([bkmgt]?)b?", re.IGNORECASE)
_SIZE_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def parse_duration(value: Any) -> float:
    """``"30s"``, ``"200ms"``, ``"5m"``, ``"0"`` or a number → seconds."""
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    seconds = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(min(value, _LONGEST + 1))
    elif match and (match[2] is not None or float(match[1]) == 0):
        seconds = float(match[1]) * _DURATION_UNITS[match[2] or "s"]
    if not 0 <= seconds <= _LONGEST:
        raise ValueError(f'{_short(value)} is not a duration; write "200ms", "30s", "5m" or "1h"')
    return seconds


def format_duration(seconds: float) -> str:
    """Seconds → the shortest text that ``parse_duration`` reads back."""
    for unit in ("d", "h", "m", "s"):
        amount = seconds / _DURATION_UNITS[unit]
        if seconds and amount == int(amount):
            return f"{int(amount)}{unit}"
    return f"{round(seconds * 1000)}ms" if seconds else "0"


def parse_size(value: Any) -> int:
    """``"512m"``, ``"1g"`` or a number of bytes → bytes."""
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) and len(value) < 100 else None
    size = int(match[1]) * _SIZE_UNITS[match[2].lower()] if match else 0
    if isinstance(value, int) and not isinstance(value, bool):
        size = value
    if not 0 < size <= _LARGEST:
        raise ValueError(f'{_short(value)} is not a size; write "512m" or "1g"')
    return size


def format_size(size: int) -> str:
    """Bytes → the shortest text that ``parse_size`` reads back."""
    for unit in ("t", "g", "m", "k"):
        if size % _SIZE_UNITS[unit] == 0:
            return f"{size // _SIZE_UNITS[unit]}{unit}"
    return str(size)


def _short(value: Any) -> str:
    return f"{value}" if isinstance(value, int | float) and not isinstance(value, bool) else f"{value!r:.60}"


Duration = Annotated[float, BeforeValidator(parse_duration), PlainSerializer(format_duration)]
"""Seconds."""
Size = Annotated[int, BeforeValidator(parse_size), PlainSerializer(format_size)]
"""Bytes."""
