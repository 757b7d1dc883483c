"""The deploy's log is readable, bounded, and keeps secrets."""

from __future__ import annotations

from pathlib import Path

from hookserver import deploy_log
from hookserver.deploy_log import DeployLog


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


def test_control_sequences_are_removed(tmp_path: Path) -> None:
    log = DeployLog(tmp_path / "1.log")
    log.line("\x1b[31mred\x1b[0m \x1b]0;title\x07 be\x00ll")
    assert "\x1b" not in written(tmp_path / "1.log", log)[0]


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
