"""Dockerfiles, before anything runs."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.builders.job import KindMatch
from hookserver.builders.kinds import dockerfile
from hookserver.errors import HookserverError


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


def _recognised(folder: Path, text: str, *files: str) -> KindMatch:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    (folder / "Dockerfile").write_text(text)
    match = dockerfile.recognise(folder)
    assert match is not None
    return match


@pytest.mark.parametrize(("copied", "sure"), [("target/shop.war", False), ("*/x.war", True), ("deploy/target/", True)])
def test_dockerfile_is_sure_when_all_that_it_copies_is_there(tmp_path: Path, copied: str, sure: bool) -> None:
    match = _recognised(tmp_path, f"FROM tomcat:10\nCOPY {copied} /x\n", "a/x.war", "deploy/target/x/y")

    assert match.sure is sure


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
def test_hostile_dockerfile_is_read_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / ("a" * 250)).write_text("")
    started = time.monotonic()
    with suppress(HookserverError):
        _recognised(tmp_path, HOSTILE[name], *(f"{'a' * 200}/{number}" for number in range(50)))
    dockerfile.buildkit_syntax(HOSTILE[name])

    assert time.monotonic() - started < 10


@given(st.text(st.sampled_from("FROM COPY RUN --<>\\\n\t#=*?[]ab/."), max_size=300))
def test_any_text_is_a_dockerfile(text: str) -> None:
    with TemporaryDirectory() as folder:
        _recognised(Path(folder), text)
    dockerfile.buildkit_syntax(text)
