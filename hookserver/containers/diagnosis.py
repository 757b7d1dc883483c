"""Why a replica failed, and its messages for a person, read from its state and its log."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hookserver.errors import indented
from hookserver.plain_text import cut

_LEVEL = re.compile(
    r"\b(?:SEVERE|ERROR|FATAL)\b|^Exception in thread|^Error: |OutOfMemoryError|^Unrecognized VM option"
)
_FRAME = re.compile(r"^\s+(?:at |\.\.\. \d+ more)")
_EXCEPTION = re.compile(r"^(?:[\w$]+\.)+[\w$]*(?:Exception|Error|Throwable)\b")
_CHATTER = "org.apache.catalina.startup.VersionLoggerListener.log "
"""Tomcat logs its versions and arguments at each start; these lines never explain a failure, and hide the cause."""
_PREFIX = "[hookserver] "
"""The prefix of the messages that our classes in Tomcat log for a person."""
_COUNT = re.compile(r" \((?:once|\d+ times)\)$")
_GIVEN_UP = (
    r"(?m)^(?:\S+ \S+ \S+ \[[^\]\n]*\] org\.apache\.catalina\.core\.StandardContext\.startInternal |"
    r"\w[^\n]*\d [^\n]*org\.apache\.catalina\.core\.StandardContext startInternal\r?\n[^\s:]+: )"
    r"Context \[{}\] startup failed due to previous errors\r?$"
)
"""Tomcat's message when it gives up a context (``standardContext.startFailed``), the same from 7.0 to 11.0.

The level is in the machine's language. Old Tomcats log in Java's own format, of two lines.
"""
_LINE_LIMIT = 500
_CAUSES = 8


def causes(lines: Iterable[str]) -> list[str]:
    """The lines that say why Tomcat or the app failed: the severe ones, each with the root of its stack trace."""
    kept: list[str] = []
    root = ""
    for line in lines:
        if _LEVEL.search(line) and not _FRAME.match(line):
            kept += [root, line]
            root = ""
        elif (text := line.strip()).startswith("Caused by:") or (not root and _EXCEPTION.match(text)):
            root = text
    kept.append(root)
    return list(dict.fromkeys(_cut(line) for line in kept if line))[:_CAUSES]


def gave_up(log: str, context: str) -> bool:
    """Whether the log says that Tomcat gave up the context at this path; "" is the root context."""
    return re.search(_GIVEN_UP.format(re.escape(context)), log) is not None


def messages(lines: Iterable[str]) -> list[str]:
    """The messages of our classes in a log, each once; of those that end with a count, the last."""
    latest: dict[str, str] = {}
    for line in lines:
        if _PREFIX in line:
            message = line.partition(_PREFIX)[2].strip()
            latest[_COUNT.sub("", message)] = message
    return [_cut(line) for line in latest.values()]


def failure_report(log: str, lines: int) -> str:
    """The causes in a log, then its last ``lines``, for a person who sees nothing else.

    If there are causes, the frames of stack traces are left out.
    """
    every = [line.rstrip() for line in log.splitlines() if line.strip() and _CHATTER not in line]
    reasons = causes(every)
    shown = [line for line in every if not _FRAME.match(line)] if reasons else every
    last = [_cut(line) for line in shown[-lines:]]
    why = [line for line in reasons if line not in last[-3:]]
    sections = [f"the cause in its log:\n{indented(why)}"] if why else []
    sections.append(f"its last lines:\n{indented(last)}" if last else "it printed nothing")
    return "\n".join(sections)


def describe_exit(exit_code: int, oom_killed: bool) -> str:
    """How a container ended, in words.

    126 and 127 are Docker's: https://docs.docker.com/engine/containers/run/#exit-status
    128 + n stands for signal n of signal(7).
    """
    if oom_killed:
        return "was killed: it needed more memory than its limit"
    meaning = {126: " (its command cannot be run)", 127: " (its command is not in the image)", 137: " (SIGKILL)"}
    meaning |= {134: " (the JVM crashed)", 139: " (a crash in native code)", 143: " (SIGTERM: it was stopped)"}
    return f"ended with exit code {exit_code}{meaning.get(exit_code, '')}"


def _cut(line: str) -> str:
    return cut(line, _LINE_LIMIT)
