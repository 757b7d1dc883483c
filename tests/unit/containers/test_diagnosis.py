from __future__ import annotations

import pytest

from hookserver.containers.diagnosis import causes, describe_exit, failure_report, gave_up, messages

FAILED_LISTENER = """\
22-Nov-2026 19:51:15.018 INFO [main] org.apache.catalina.startup.VersionLoggerListener.log Architecture: amd64
22-Nov-2026 19:51:15.647 INFO [main] org.apache.coyote.AbstractProtocol.init Initializing
22-Nov-2026 19:51:15.700 SEVERE [main] org.apache.catalina.core.StandardContext.listenerStart Exception sending context
java.lang.IllegalStateException: cannot start the shop
\tat shop.Start.contextInitialized(Start.java:10)
\tat org.apache.catalina.core.StandardContext.listenerStart(StandardContext.java:4413)
Caused by: java.lang.RuntimeException: no pool
\tat shop.Start.pool(Start.java:20)
\t... 40 more
Caused by: java.net.ConnectException: Connection refused: db:5432
\tat java.base/sun.nio.ch.Net.connect0(Native Method)
\t... 41 more
22-Nov-2026 19:51:15.701 SEVERE [main] org.apache.catalina.core.StandardContext.startInternal Context [] startup failed
"""


def test_root_cause_of_a_failed_context_is_first() -> None:
    found = causes(FAILED_LISTENER.splitlines())
    assert "Exception sending context" in found[0]
    assert found[1] == "Caused by: java.net.ConnectException: Connection refused: db:5432"
    assert "startup failed" in found[2]
    assert len(found) == 3


def test_trace_without_a_cause_gives_its_exception() -> None:
    lines = ["x SEVERE [main] oh", "java.lang.OutOfMemoryError: Java heap space", "\tat shop.Cart.add(Cart.java:1)"]
    assert causes(lines) == lines[:2]


def test_cause_is_found_in_an_indented_trace() -> None:
    lines = ["x SEVERE [main] Servlet [start] threw load() exception", "\tjava.lang.IllegalStateException: no database"]
    assert causes([*lines, "\t\tat shop.Start.init(Start.java:1)"]) == [lines[0], lines[1].strip()]


def test_report_has_an_early_cause_and_the_last_lines() -> None:
    log = FAILED_LISTENER + "\n".join(f"INFO line {number}" for number in range(100))
    report = failure_report(log, lines=30)
    assert "db:5432" in report
    assert report.index("db:5432") < report.index("INFO line 99")
    assert "INFO line 70" in report
    assert "INFO line 69" not in report


def test_report_leaves_out_the_version_lines_of_tomcat() -> None:
    assert "VersionLoggerListener" not in failure_report(FAILED_LISTENER, lines=30)


def test_report_has_a_bounded_size() -> None:
    assert len(failure_report("\n".join("SEVERE " + "x" * 100_000 for _ in range(1000)), lines=30)) < 25_000
    assert failure_report("", lines=30) == "it printed nothing"


def test_exit_code_is_described_with_its_meaning() -> None:
    assert describe_exit(1, oom_killed=False) == "ended with exit code 1"
    assert "not in the image" in describe_exit(127, oom_killed=False)
    assert "memory" in describe_exit(137, oom_killed=True)


def test_messages_are_found_once_in_any_log_format() -> None:
    log = """22-Nov-2026 19:51:15.018 WARNING [main] hookserver.sessions.SessionLog.add [hookserver] not stored (once)
Nov 22, 2026 7:51:16 PM hookserver.sessions.SessionLog add
WARNING: [hookserver] not stored (once)
22-Nov-2026 19:51:17.018 INFO [main] hookserver.sessions started
"""
    assert messages(log.splitlines()) == ["not stored (once)"]


def test_counted_message_has_the_last_count() -> None:
    lines = [
        "[hookserver] a is hidden (once)",
        "[hookserver] b (1 times) (once)",
        "[hookserver] a is hidden (10 times)",
    ]
    assert messages(lines) == ["a is hidden (10 times)", "b (1 times) (once)"]


FAILED = "startup failed due to previous errors"
SINCE_8 = "22-Nov-2026 19:51:15.701 SEVERE [main] org.apache.catalina.core.StandardContext.startInternal "
UP_TO_7 = "Nov 22, 2026 7:51:16 PM org.apache.catalina.core.StandardContext startInternal\nSEVERE: "


@pytest.mark.parametrize("before", [SINCE_8, UP_TO_7, SINCE_8.replace("SEVERE", "\u4e25\u91cd")])
def test_context_that_tomcat_gave_up_is_recognised_by_its_path(before: str) -> None:
    log = f"INFO Starting\n{before}Context [/shop] {FAILED}\nINFO Server startup in [312] milliseconds\n"
    assert gave_up(log, "/shop")
    assert not gave_up(log, "")
    assert not gave_up(log, "/shop/admin")
    assert gave_up(f"{before}Context [] {FAILED}", "")


@pytest.mark.parametrize(
    "line",
    [
        f"Context [/shop] {FAILED}",
        f"SEVERE: Context [/shop] {FAILED}",
        f"22-Nov-2026 19:51:15.701 SEVERE [main] shop.Log.say Context [/shop] {FAILED}",
        f"22-Nov-2026 19:51:15.701 INFO [main] shop.Log.say {SINCE_8}Context [/shop] {FAILED}",
        f"{SINCE_8}Context [/shop##2] {FAILED}",
    ],
)
def test_lines_of_the_app_are_not_mistaken_for_those_of_tomcat(line: str) -> None:
    assert not gave_up(line, "/shop")


def test_report_with_a_cause_has_no_stack_frames() -> None:
    report = failure_report(FAILED_LISTENER, lines=30)
    assert "\tat " not in report
    assert "more" not in report
    assert "at shop.Cart.add" in failure_report("thread dump\n\tat shop.Cart.add(Cart.java:1)", lines=30)
