"""The types of values: durations, sizes, addresses, names."""

from __future__ import annotations

import math
import os.path
import re
from ipaddress import ip_address
from pathlib import Path, PurePosixPath
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, ValidationInfo

BASE = "base"
"""In the validation's context: the folder from which relative paths count."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?")
_LONGEST = 36500 * 86400.0
_LARGEST = 1 << 50
_DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"(\d+)\s*([bkmgt]?)b?", re.IGNORECASE)
_SIZE_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_IMAGE_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*")
_IMAGE = re.compile(r"(?:[a-zA-Z0-9.-]+(?::\d+)?/)?[a-z0-9._/-]+(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?")
_DOMAIN = re.compile(
    r"(?=.{1,253}$)(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_URL_PATH = re.compile(r"/(?:[A-Za-z0-9._~!&'()*+,=:@%/-]*)")
_BRANCH_FORBIDDEN = re.compile(
    r"[\x00-\x20\x7f-\x9f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|[/.]$|\.lock(?:/|$)|/\."
    r"|[\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_LISTEN = re.compile(r"(?:(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\]|\*):)?\d{1,5}")
_CONTEXT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:#[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_TOMCAT_PLACE = re.compile(r"conf/(?:[\w.-]+/)*[\w.-]+|lib/[\w.+-]+\.jar|bin/setenv\.sh", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


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


def is_branch(name: str) -> bool:
    """Whether git accepts this as a branch name (git-check-ref-format(1)) and a terminal shows it as it is."""
    return 0 < len(name) <= 250 and name != "@" and not _BRANCH_FORBIDDEN.search(name)


def _matching(pattern: re.Pattern[str], what: str, or_empty: bool = False) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value) and not (or_empty and value == ""):
            raise ValueError(f"{value!r} is not {what}")
        return value

    return AfterValidator(check)


def _check_branch(value: str) -> str:
    if not is_branch(value):
        raise ValueError(f"{value!r} is not a branch name that git accepts")
    return value


def _check_repository(value: str) -> str:
    if value == "push":
        return value
    if re.fullmatch(r"(?:https?|ssh|git|file)://[^\s\x00-\x1f]+", value):
        return _check_address(value)
    if re.fullmatch(r"[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^\s\x00-\x1f-][^\s\x00-\x1f]*", value):
        return value
    if value.startswith("/") and "\x00" not in value and "\n" not in value:
        return value
    raise ValueError(
        f"{_without_password(value)!r} is not a repository: write an https://, ssh:// or git@host:path address, "
        'an absolute path, or "push"'
    )


def _check_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        whole = parts.port != 0 and bool(parts.hostname or parts.scheme == "file")
    except ValueError:
        whole = False
    if not whole:
        raise ValueError(
            f"{_without_password(value)!r} cannot be read as an address; in a user name or password write "
            "/ as %2F, : as %3A, @ as %40, # as %23, ? as %3F, [ as %5B, ] as %5D"
        )
    return value


def _without_password(address: str) -> str:
    """An address without its user and password, also one that cannot be parsed."""
    return re.sub(r"(?<=//).*@", "••••••@", address, flags=re.DOTALL)


def _check_listen(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not _LISTEN.fullmatch(value) or int(port) > 65535 or not _is_host(host):
        raise ValueError(f'{value!r} is not a port or an address with a port, such as "80" or "127.0.0.1:8080"')
    return value


def _is_host(host: str) -> bool:
    try:
        return host in ("", "*") or ip_address(host.strip("[]")).version == (6 if host.startswith("[") else 4)
    except ValueError:
        return False


def _check_volume(value: str, info: ValidationInfo) -> str:
    parts = value.split(":")
    if len(parts) not in (2, 3) or not PurePosixPath(parts[1]).is_absolute() or not parts[0]:
        raise ValueError(f'{value!r} is not a mount; write "/on/the/host:/in/the/container" (":ro" may follow)')
    if len(parts) == 3 and parts[2] not in ("ro", "rw"):
        raise ValueError(f'{value!r} ends in neither ":ro" nor ":rw"')
    if parts[0].startswith("."):  # a name without a dot is a Docker volume's
        parts[0] = str(_from_the_file(Path(parts[0]), info))
    return ":".join(parts)


def _check_tomcat_place(value: str) -> str:
    if not _TOMCAT_PLACE.fullmatch(value) or {".", ".."} & set(value.split("/")):
        raise ValueError(f'{value!r} is not one of "conf/<file>", "lib/<name>.jar" and "bin/setenv.sh"')
    return value


def _check_own_file(value: str) -> str:
    path = PurePosixPath(value)
    if not value or ".." in path.parts or "\0" in value or value.endswith("/"):
        raise ValueError(f"{value!r} is neither a file of the repository nor an absolute path")
    return value


def _from_the_file(value: Path | None, info: ValidationInfo) -> Path | None:
    """A relative path of this machine counts from the settings file's folder."""
    base = (info.context or {}).get(BASE, "")
    return value and Path(os.path.normpath(Path(base, value)))


def _check_program(value: str, info: ValidationInfo) -> str:
    """A name without a slash is searched on PATH."""
    return str(_from_the_file(Path(value), info)) if "/" in value else value


def _check_public_url(value: str) -> str:
    if value and not re.fullmatch(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?", value):
        raise ValueError(f'{_without_password(value)!r} is not an address, such as "https://deploy.example.com"')
    return value.rstrip("/")


def _check_variable(value: str) -> str:
    if not _VARIABLE.fullmatch(value):
        raise ValueError(f"{value!r} is not the name of an environment variable")
    return value


Duration = Annotated[float, BeforeValidator(parse_duration), PlainSerializer(format_duration)]
"""Seconds."""
Size = Annotated[int, BeforeValidator(parse_size), PlainSerializer(format_size)]
"""Bytes."""
AppName = Annotated[str, _matching(_NAME, "an app's name: lower-case letters, digits and dashes, 40 at most")]
ImageName = Annotated[str, _matching(_IMAGE_NAME, 'an image name without a tag, such as "acme/shop"', or_empty=True)]
Image = Annotated[str, _matching(_IMAGE, 'an image, such as "tomcat:10.1-jdk17-temurin"')]
OptionalImage = Annotated[str, _matching(_IMAGE, 'an image, such as "maven:3.9-eclipse-temurin-17"', or_empty=True)]
Domain = Annotated[str, _matching(_DOMAIN, 'a domain in lower case, such as "shop.example.com"')]
UrlPath = Annotated[str, _matching(_URL_PATH, 'a path, such as "/" or "/shop"')]
HealthPath = Annotated[str, _matching(_URL_PATH, 'a path, such as "/health"', or_empty=True)]
FilePath = Annotated[Path, AfterValidator(_from_the_file)]
OptionalPath = Annotated[
    Path | None, BeforeValidator(lambda value: None if value == "" else value), AfterValidator(_from_the_file)
]
Program = Annotated[str, AfterValidator(_check_program)]
PublicUrl = Annotated[str, AfterValidator(_check_public_url)]
Context = Annotated[str, _matching(_CONTEXT, 'a context, such as "shop" or "de#shop"', or_empty=True)]
Branch = Annotated[str, AfterValidator(_check_branch)]
Repository = Annotated[str, AfterValidator(_check_repository)]
Listen = Annotated[str, AfterValidator(_check_listen)]
Command = Annotated[
    tuple[str, ...], BeforeValidator(lambda value: ("sh", "-c", value) if isinstance(value, str) and value else value)
]
"""A program and its arguments; a single text is a line for the shell."""
Volume = Annotated[str, AfterValidator(_check_volume)]
TomcatPlace = Annotated[str, AfterValidator(_check_tomcat_place)]
"""A file's path below Tomcat's folder."""
OwnFilePath = Annotated[str, AfterValidator(_check_own_file)]
Variable = Annotated[str, AfterValidator(_check_variable)]
