"""Quoting and naming."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.errors import NginxError
from hookserver.nginx.text.syntax import block, milliseconds, name, quote

APPS = st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True)
WHATS = st.sampled_from(["", "up", "slot", "upstream", "blue", "green", "blue1", "green8"])


@given(st.text())
def test_a_quoted_text_is_one_parameter_or_refused(text: str) -> None:
    try:
        quoted = quote(text)
    except NginxError:
        return
    assert quoted[0] == quoted[-1] == '"'
    inside = quoted[1:-1].replace("\\\\", "").replace('\\"', "")
    assert '"' not in inside
    assert "\\" not in inside
    assert "$" not in inside


@given(APPS, WHATS, APPS, WHATS)
def test_a_name_belongs_to_one_app_and_one_purpose(app: str, what: str, other_app: str, other_what: str) -> None:
    assert (name(app, what) == name(other_app, other_what)) == ((app, what) == (other_app, other_what))


@given(APPS, WHATS)
def test_an_apps_name_is_never_one_of_the_shared_variables(app: str, what: str) -> None:
    assert name(app, what).count("_") >= 2


@pytest.mark.parametrize("app", ["", "a_b", "A", "a;b", "a\nb", "a$b", "a b"])
def test_a_name_that_settings_would_refuse_is_refused_here_too(app: str) -> None:
    with pytest.raises(NginxError):
        name(app, "up")


def test_times_are_exact_to_the_millisecond() -> None:
    assert milliseconds(0.25) == "250ms"
    assert milliseconds(600.0) == "600000ms"


def test_a_block_indents_what_is_in_it() -> None:
    assert block("a", block("b", ["c;", ""])) == ["a {", "    b {", "        c;", "", "    }", "}"]
