"""Dockerfiles, before anything runs."""

from __future__ import annotations

import pytest

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
