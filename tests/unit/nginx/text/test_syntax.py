"""Quoting and naming."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.errors import NginxError
from hookserver.nginx.text.syntax import block, name, named_location, path, quote, size, time

APPS = st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True)
WHATS = st.sampled_from(["", "upstream", "after", "blue", "green", "blue1", "green8", "green8_sticky"])


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


@given(APPS, APPS)
def test_a_named_location_belongs_to_one_app(app: str, other_app: str) -> None:
    assert (named_location(app, "moved") == named_location(other_app, "moved")) == (app == other_app)


@pytest.mark.parametrize("app", ["", "a_b", "A", "a;b", "a\nb", "a$b", "a b"])
def test_a_name_that_settings_would_refuse_is_refused_here_too(app: str) -> None:
    with pytest.raises(NginxError):
        name(app, "upstream")
    with pytest.raises(NginxError):
        named_location(app, "moved")


def test_times_and_sizes_are_written_as_people_write_them() -> None:
    assert [time(seconds) for seconds in (0.25, 4.0, 600.0, 3600.0, 12.3456)] == ["250ms", "4s", "10m", "1h", "12346ms"]
    assert [size(amount) for amount in (1000, 1 << 10, 100 << 20, 1 << 30, 1024 << 40)] == [
        *("1000", "1k", "100m", "1g", "1048576g")
    ]


def test_a_path_may_end_in_a_variable() -> None:
    assert path("/a b", "c") == '"/a b/c"'
    assert path("/a", "c", variable="$request_id") == '"/a/c/$request_id"'


def test_a_block_indents_what_is_in_it() -> None:
    assert block("a", block("b", ["c;", ""])) == ["a {", "    b {", "        c;", "", "    }", "}"]
