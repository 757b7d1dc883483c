"""What to do about a failed build, by what its output says."""

from __future__ import annotations

import pytest

from hookserver.builders.advice import advice


@pytest.mark.parametrize(
    ("line", "setting"),
    [
        (
            "Could not transfer artifact a:b:pom:1 from/to company (https://x/): status code: 401, Unauthorized",
            "env_files",
        ),
        ("> Could not GET 'https://x/a.pom'. Received status code 403 from server: Forbidden", "env_files"),
        ("sun.security.validator.ValidatorException: PKIX path building failed: unable to find", "ca_bundle"),
        ("Caused by: java.net.UnknownHostException: nexus.example.com", "offline"),
        ("Fatal error compiling: error: invalid target release: 21", "newer Java"),
        ("> Unsupported class file major version 61", "older one"),
    ],
)
def test_it_names_the_setting(line: str, setting: str) -> None:
    assert setting in advice(line.__contains__, {}, "usual")


def test_a_kinds_own_word_goes_first_and_a_failure_that_nobody_knows_has_the_usual_remedy() -> None:
    assert advice("UnknownHostException at wrapper".__contains__, {"at wrapper": "own"}, "usual") == "own"
    assert advice("error: cannot find symbol".__contains__, {}, "usual") == "usual"
