"""Comments of source files."""

from __future__ import annotations

import pytest

from hookserver.project.comments import without_comments


@pytest.mark.parametrize(
    ("name", "text", "rest"),
    [
        ("A.java", "a // b\nc /* d\ne */ f", "a  \nc   f"),
        ("A.java", 'a "http://b" c', 'a "http://b" c'),
        ("A.java", "char q = '\"'; // b", "char q = '\"';  "),
        ("build.gradle", "a 'http://b' // c", "a 'http://b'  "),
        ("build.gradle.kts", "a /* never closed", "a  "),
        ("a.jsp", "a <%-- b --%><!-- c --> d", "a  d"),
        ("a.xml", "a <!-- b --> <%-- c --%>", "a  <%-- c --%>"),
        ("a.properties", "# a\n! b\nc=#d\n", "\n\nc=#d\n"),
    ],
)
def test_comments_are_removed_and_strings_stay(name: str, text: str, rest: str) -> None:
    assert without_comments(text, name) == rest
