"""Dockerfiles, before anything runs."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.builders.kinds import dockerfile


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("# syntax=docker/dockerfile:1\nFROM x\n", "# syntax="),
        ("FROM x\nRUN --mount=type=cache,target=/m mvn package\n", "RUN --mount"),
        ("FROM x\nRUN <<EOF\necho\nEOF\n", "a heredoc (<<EOF)"),
        ("FROM x\nCOPY --link a b\n", "COPY --link or --chmod"),
        ("FROM x\nCOPY --from=y --chmod=644 a b\n", "COPY --link or --chmod"),
        ("FROM x\nCOPY --from=y a b\nRUN echo --mount is fine && cat < a\n", ""),
    ],
)
def test_syntax_of_buildkit_is_recognised(text: str, needs: str) -> None:
    assert dockerfile.buildkit_syntax(text) == needs


HOSTILE = {
    "blank lines": "FROM tomcat:10\n" + "\n" * 400_000 + "RUN" + "\n" * 400_000,
    "blanks": "FROM tomcat:10\nRUN" + " " * 900_000 + "x",
    "backslashes": "FROM tomcat:10\nRUN " + "\\ " * 450_000,
    "less-than signs": "FROM tomcat:10\nRUN " + "<" * 900_000,
    "flags": "FROM tomcat:10\nCOPY " + "--from " * 130_000,
    "stages": "FROM a AS b\nFROM b AS a\n" * 35_000,
    "stars": "FROM tomcat:10\nCOPY " + "*a" * 450_000 + "/target/ /x",
    "many stars": "FROM tomcat:10\nCOPY " + ("*a" * 20_000 + "/target/x ") * 20,
    "many copies": "FROM tomcat:10\n" + "".join(f"COPY *{number}.war x\n" for number in range(50_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_dockerfile_is_read_at_once(name: str) -> None:
    started = time.monotonic()
    dockerfile.buildkit_syntax(HOSTILE[name])
    assert time.monotonic() - started < 10


@given(st.text(st.sampled_from("FROM COPY RUN --<>\\\n\t#=*?[]ab/."), max_size=300))
def test_any_text_is_a_dockerfile(text: str) -> None:
    dockerfile.buildkit_syntax(text)
