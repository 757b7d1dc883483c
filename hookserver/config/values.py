"""The types of values that are names, addresses or commands."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
# The grammar of image names: https://github.com/distribution/reference/blob/main/reference.go
_IMAGE_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*")
_IMAGE = re.compile(r"(?:[a-zA-Z0-9.-]+(?::\d+)?/)?[a-z0-9._/-]+(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?")
# A domain has 253 characters at most, each label 63: RFC 1035, 2.3.4.
_DOMAIN = re.compile(
    r"(?=.{1,253}$)(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_URL_PATH = re.compile(r"/(?:[A-Za-z0-9._~!&'()*+,=:@%/-]*)")
_BRANCH_FORBIDDEN = re.compile(
    r"[\x00-\x20\x7f-\x9f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|[/.]$|\.lock(?:/|$)|/\."
    r"|[\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
"""useradd(8), groupadd(8)."""
_LISTEN = re.compile(r"(?:(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\]|\*):)?\d{1,5}")
# "#" is a slash of the URL path: https://tomcat.apache.org/tomcat-10.1-doc/config/context.html#Naming
_CONTEXT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:#[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


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
    if re.fullmatch(r"(?:https?|ssh)://[^\s\x00-\x1f]+", value):
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
        whole = parts.port != 0 and bool(parts.hostname)
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


def _check_user(value: str) -> str:
    if not _USER.fullmatch(value):
        raise ValueError(f"{value!r} is not the name of a user of this machine")
    return value


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


def _check_public_url(value: str) -> str:
    if value and not re.fullmatch(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?", value):
        raise ValueError(f'{_without_password(value)!r} is not an address, such as "https://deploy.example.com"')
    return value.rstrip("/")


def _check_variable(value: str) -> str:
    if not _VARIABLE.fullmatch(value):
        raise ValueError(f"{value!r} is not the name of an environment variable")
    return value


AppName = Annotated[str, _matching(_NAME, "an app's name: lower-case letters, digits and dashes, 40 at most")]
ImageName = Annotated[str, _matching(_IMAGE_NAME, 'an image name without a tag, such as "acme/shop"', or_empty=True)]
Image = Annotated[str, _matching(_IMAGE, 'an image, such as "tomcat:10.1-jdk17-temurin"')]
OptionalImage = Annotated[str, _matching(_IMAGE, 'an image, such as "maven:3.9-eclipse-temurin-17"', or_empty=True)]
Domain = Annotated[str, _matching(_DOMAIN, 'a domain in lower case, such as "shop.example.com"')]
UrlPath = Annotated[str, _matching(_URL_PATH, 'a path, such as "/" or "/shop"')]
HealthPath = Annotated[str, _matching(_URL_PATH, 'a path, such as "/health"', or_empty=True)]
PublicUrl = Annotated[str, AfterValidator(_check_public_url)]
Context = Annotated[str, _matching(_CONTEXT, 'a context, such as "shop" or "de#shop"', or_empty=True)]
Branch = Annotated[str, AfterValidator(_check_branch)]
Repository = Annotated[str, AfterValidator(_check_repository)]
Listen = Annotated[str, AfterValidator(_check_listen)]
UserName = Annotated[str, AfterValidator(_check_user)]
Command = Annotated[
    tuple[str, ...], BeforeValidator(lambda value: ("sh", "-c", value) if isinstance(value, str) and value else value)
]
"""A program and its arguments; a single text is a line for the shell."""
GroupName = Annotated[str, _matching(_USER, "the name of a group of this machine", or_empty=True)]
Variable = Annotated[str, AfterValidator(_check_variable)]
