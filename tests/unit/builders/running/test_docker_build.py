"""The messages of the engine's classic builder as lines of the log."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import cast

import requests

from hookserver.builders.job import BuildJob
from hookserver.builders.running.docker_build import _follow
from hookserver.builders.running.failure_cause import Cause
from hookserver.deploy_log import DeployLog


def test_output_that_arrives_in_parts_is_logged_in_plain_lines_without_secrets(tmp_path: Path) -> None:
    parts = ["Step 1/2 : RUN make\n", "\x1b[3", "1mpass", "word=hun", "ter2!\x1b]52;c;", "ZXZpbA==\x07", "\x1b[0m ok\n"]
    messages: list[object] = [{"stream": part} for part in (*parts, "no end")]
    messages += [{"status": "Pulling\u202e"}, {"aux": {"ID": "sha256:1"}}, {"stream": "last"}]
    answer = requests.Response()
    answer.raw = io.BytesIO(b"".join(json.dumps(message).encode() + b"\r\n" for message in messages))
    log, cause = DeployLog(tmp_path / "1.log", ["hunter2!"]), Cause(lambda _line: False)
    assert _follow(answer, cause, cast(BuildJob, None), log) == "sha256:1"
    log.close()
    shown = (tmp_path / "1.log").read_text(encoding="utf-8").split("\n")
    assert [line.strip() for line in shown] == [
        *("Step 1/2 : RUN make", "password=•••••• ok", "no end", "Pulling", "last", "")
    ]
