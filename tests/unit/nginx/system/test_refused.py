"""The error and the remedy for a configuration that Nginx refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.nginx.system.refused import blamed, refused

OURS = {Path("/etc/nginx/conf.d/hookserver-0-common.conf"), Path("/var/lib/hookserver/nginx/snippets/shop.conf")}
COMMON, SNIPPET = sorted(OURS)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (f'unknown log format "hs_json" in {SNIPPET}:9', "must come before the server"),
        (f'duplicate location "/" in {SNIPPET}:2', "remove one of the two"),
        (f'duplicate upstream "hs_shop_blue" in {COMMON}:2', "Include hookserver's files once"),
        (f'"map" directive is not allowed here in {COMMON}:2', r"inside the http \{ \} block"),
        (f"something else in {COMMON}:2", "The previous configuration stays active"),
        ("something else in /etc/nginx/b c.conf:2", "/etc/nginx/b c.conf:2, which is not hookserver's"),
        ('open() "/x/error.log" failed (13: Permission denied)', "something that is not hookserver's"),
        (
            f'open() "{SNIPPET}" failed (2: No such file or directory) in /etc/nginx/a:3',
            "/etc/nginx/a:3 includes .* no longer in the settings",
        ),
        (
            "could not build variables_hash, you should increase variables_hash_bucket_size: 64",
            "Add `variables_hash_bucket_size 128;`",
        ),
    ],
)
def test_error_names_the_file_at_fault_and_the_remedy(output: str, message: str) -> None:
    output = f"nginx: [emerg] {output}\nnginx: configuration file /etc/nginx/nginx.conf test failed"
    error = refused(output, OURS)
    with pytest.raises(type(error), match=message):
        raise error


def test_the_blamed_file_is_the_one_that_nginx_names() -> None:
    assert blamed(f"nginx: [emerg] x in {COMMON}:12\nmore") == COMMON
    assert blamed("nginx: [emerg] x") is None
