"""Settings as people might write them, near the edges of what the settings file takes."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from pydantic import ValidationError

from hookserver.config import Settings
from hookserver.config.conflicts import conflicts

_NAMES = st.one_of(
    st.sampled_from(["my-shop", "my", "host", "args", "slot", "up", "a-b", "a--b", "uri", "my-blue", "blue1"]),
    st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True),
)
_DOMAINS = st.one_of(
    st.sampled_from(["shop.example.com", "*.example.com", "localhost", "1.2.3.4", f"{'a' * 63}.{'b' * 63}.{'c' * 63}"]),
    st.from_regex(r"(?:\*\.)?[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?\.[a-z]{2,5}", fullmatch=True),
)
_PATHS = st.one_of(
    st.sampled_from(["/", "/shop", "/shopping", "/shop/admin", "/a;b", "/~x", "/a=b", "/@x", "/^~"]),
    st.from_regex(r"/[A-Za-z0-9._~!&'()*+,=:@/-]{0,30}", fullmatch=True),
)
_STATE_DIRS = st.sampled_from(["/tmp/hs", "/tmp/with space", '/tmp/with"quote', "/tmp/back\\slash", "/tmp/a;b{c}#d"])
_TRUSTED = st.sampled_from(
    [[], ["10.0.0.0/8"], ["10.0.0.0/8", "fd00::/8", "192.0.2.1/32", "fd00::/8"], ["0.0.0.0/0", "::/0"]]
)
_LISTEN = st.sampled_from([["8080"], ["127.0.0.1:8080"], ["8080", "[::]:8080"], ["*:8080", "127.0.0.1:8081"]])


def _apps() -> st.SearchStrategy[dict[str, dict[str, Any]]]:
    one = st.fixed_dictionaries(
        {
            "repository": st.just("push"),
            "domains": st.lists(_DOMAINS, min_size=1, max_size=3),
            "path": _PATHS,
            "replicas": st.integers(1, 8),
            "release": st.fixed_dictionaries({"sessions": st.sampled_from(["none", "sticky"])}),
        }
    )
    return st.dictionaries(_NAMES, one, max_size=6)


@st.composite
def all_settings(draw: st.DrawFn) -> Settings:
    """Settings that the settings file takes."""
    given = {
        "server": {"state_dir": draw(_STATE_DIRS)},
        "nginx": {
            "listen": draw(_LISTEN),
            "trusted_proxies": draw(_TRUSTED),
            "read_timeout": draw(st.sampled_from(["10s", "10m", "7d", 12.3456])),
            "max_body": draw(st.sampled_from(["1k", "100m", "1024t"])),
        },
        "apps": draw(_apps()),
    }
    try:
        settings = Settings.model_validate(given)
    except ValidationError:
        return draw(st.nothing())
    return draw(st.nothing()) if any(conflicts(given, ())) else settings


def numbers(settings: Settings) -> dict[str, int]:
    """A place on the container network for each app."""
    return {app: number for number, app in enumerate(settings.apps, 1)}
