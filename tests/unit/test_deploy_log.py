"""The deploy's log is readable, bounded, and keeps secrets."""

from __future__ import annotations

import time
from pathlib import Path

from hookserver import deploy_log
from hookserver.deploy_log import DeployLog
from hookserver.plain_text import cut


def written(path: Path, log: DeployLog) -> list[str]:
    log.close()
    return path.read_text(encoding="utf-8").splitlines()


def test_prefixes_are_those_of_dokku(tmp_path: Path) -> None:
    log = DeployLog(tmp_path / "logs" / "1.log")
    log.step("Fetching")
    log.line("one\ntwo")
    log.error("no\nway")
    log.result("live")
    assert written(tmp_path / "logs" / "1.log", log) == [
        "-----> Fetching",
        "       one",
        "       two",
        " !     no",
        " !     way",
        "=====> live",
    ]


def test_line_is_on_disk_before_the_call_returns(tmp_path: Path) -> None:
    log = DeployLog(tmp_path / "1.log")
    log.line("now")
    assert (tmp_path / "1.log").read_text() == "       now\n"
    log.close()


def test_secrets_are_masked(tmp_path: Path) -> None:
    log = DeployLog(tmp_path / "1.log", ["hunter2!", "hunter2!-long", ""])
    log.line("password=hunter2!-long and hunter2!")
    assert written(tmp_path / "1.log", log) == ["       password=•••••• and ••••••"]


def test_no_line_controls_the_readers_terminal(tmp_path: Path) -> None:
    log = DeployLog(tmp_path / "1.log")
    hostile = "[ERROR] \x1b]52;c;ZXZpbA==\x07\x1b[31mred\x9b0m be\x07ll \u202eexe.txt\u2066"
    for write in (log.step, log.line, log.error, log.result):
        write(hostile)
    lines = written(tmp_path / "1.log", log)
    assert [line[7:] for line in lines] == ["[ERROR] red bell exe.txt"] * 4


def test_secret_is_masked_in_whatever_form_it_is_shown(tmp_path: Path) -> None:
    log = DeployLog(tmp_path / "1.log", ["hunter2!"])
    log.line("hun\x1b[1mter\x1b[0m2! hunter\u200b2! hun\x00ter2!")
    assert log.masked("hun\x1b[1mter2!") == "••••••"
    assert written(tmp_path / "1.log", log) == ["       •••••• •••••• ••••••"]


def test_first_half_of_a_secret_is_masked_where_a_text_was_cut(tmp_path: Path) -> None:
    log = DeployLog(tmp_path / "1.log", ["correct horse battery", "x" * 50])
    log.line("y" * 3990 + "correct horse battery staple")
    log.line(cut("password: correct horse battery", 20))
    assert log.masked("one: correct…\ntwo: corr…\nthree: cor…\ncorrect") == (
        "one: ••••••…\ntwo: ••••••…\nthree: cor…\ncorrect"
    )
    first, second = written(tmp_path / "1.log", log)
    assert first.endswith("y•••••• sta…")
    assert second == "       password: ••••••…"


def test_log_stays_fast_when_lines_end_like_a_cut_secret(tmp_path: Path) -> None:
    log = DeployLog(tmp_path / "1.log", ["secret" * 2000])
    began = time.process_time()
    for _ in range(500):
        log.line("secret" * 600 + "…")
    log.close()
    assert time.process_time() - began < 2


def test_flood_is_cut_but_steps_and_errors_still_come(tmp_path: Path) -> None:
    log = DeployLog(tmp_path / "1.log")
    for _ in range(deploy_log.LIMIT // 3000 + 10):
        log.line("x" * 3000)
    log.step("Starting replicas")
    log.error("too much")
    lines = written(tmp_path / "1.log", log)
    assert (tmp_path / "1.log").stat().st_size < deploy_log.LIMIT + 10_000
    assert lines[-2:] == ["-----> Starting replicas", " !     too much"]
    assert sum("the log is full" in line for line in lines) == 1


def test_second_attempt_continues_the_log(tmp_path: Path) -> None:
    for text in ("first", "second"):
        log = DeployLog(tmp_path / "1.log")
        log.line(text)
        log.close()
    assert (tmp_path / "1.log").read_text() == "       first\n       second\n"


def test_masked_text_hides_the_same_secrets_as_the_log(tmp_path: Path) -> None:
    log = DeployLog(tmp_path / "log", ["canary"])
    assert log.masked("the canary sings\nof canary") == "the •••••• sings\nof ••••••"
    log.close()
