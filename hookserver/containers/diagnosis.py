"""Why a replica failed, and what it has to say, out of its state and its last lines."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LEVEL = re.compile(
    r"\b(?:SEVERE|ERROR|FATAL)\b|^Exception in thread|^Error: |OutOfMemoryError|^Unrecognized VM option"
)
_FRAME = re.compile(r"^\s+(?:at |\.\.\. \d+ more)")
_EXCEPTION = re.compile(r"^(?:[\w$]+\.)+[\w$]*(?:Exception|Error|Throwable)\b")
_CHATTER = "org.apache.catalina.startup.VersionLoggerListener.log "
"""Tomcat lists its versions and arguments at each start; that explains no failure and hides what does."""
_TOLD = "[hookserver] "
"""With this begins what our part of Tomcat tells a person."""
LACKING = "the sessions are not all here: "
"""A replica that tells this could not fetch the sessions that others have."""
_COUNT = re.compile(r"^\d+ sessions? ")
_GIVEN_UP = (
    r"(?m)^(?:\S+ \S+ \S+ \[[^\]\n]*\] org\.apache\.catalina\.core\.StandardContext\.startInternal |"
    r"\w[^\n]*\d [^\n]*org\.apache\.catalina\.core\.StandardContext startInternal\r?\n[^\s:]+: )"
    r"Context \[{}\] startup failed due to previous errors\r?$"
)
"""Tomcat's last word on a context, the same from 7.0 to 11.0. The level is in the machine's language; the lines of old
ones have Java's own format, of two lines.
"""
_LINE_LIMIT = 500
_CAUSES = 8


def causes(lines: Iterable[str]) -> list[str]:
    """The lines that tell why Tomcat or the app failed: what is SEVERE, each with the root of its stack trace."""
    found: list[str] = []
    root = ""
    for line in lines:
        if _LEVEL.search(line) and not _FRAME.match(line):
            found += [root, line]
            root = ""
        elif (told := line.strip()).startswith("Caused by:") or (not root and _EXCEPTION.match(told)):
            root = told
    found.append(root)
    return list(dict.fromkeys(_cut(line) for line in found if line))[:_CAUSES]


def gave_up(log: str, context: str) -> bool:
    """Whether Tomcat itself says that the context at this path ("" is the root's) failed for good."""
    return re.search(_GIVEN_UP.format(re.escape(context)), log) is not None


def told(lines: Iterable[str]) -> list[str]:
    """What our part of Tomcat tells in a log, each thing once; of what it counts, the last count."""
    found: dict[str, str] = {}
    for line in lines:
        if _TOLD in line:
            said = line.partition(_TOLD)[2].strip()
            found[_COUNT.sub("", said)] = said
    return [_cut(line) for line in found.values()]


def report(log: str, lines: int) -> str:
    """The causes in a log, then its last lines; for a person who sees nothing else.

    Where the causes are told, the frames of stack traces are left out.
    """
    every = [line.rstrip() for line in log.splitlines() if line.strip() and _CHATTER not in line]
    found = causes(every)
    shown = [line for line in every if not _FRAME.match(line)] if found else every
    last = [_cut(line) for line in shown[-lines:]]
    why = [line for line in found if line not in last[-3:]]
    parts = [f"the cause, as its log tells it:\n{_indented(why)}"] if why else []
    parts.append(f"its last lines:\n{_indented(last)}" if last else "it printed nothing")
    return "\n".join(parts)


def ending(exit_code: int, oom_killed: bool) -> str:
    """What an exit code means."""
    if oom_killed:
        return "was killed: it needed more memory than its limit"
    meaning = {126: " (its command cannot be run)", 127: " (its command is not in the image)", 137: " (SIGKILL)"}
    meaning |= {134: " (the JVM crashed)", 139: " (a crash in native code)", 143: " (SIGTERM: somebody stopped it)"}
    return f"ended with exit code {exit_code}{meaning.get(exit_code, '')}"


def _cut(line: str) -> str:
    return line if len(line) <= _LINE_LIMIT else f"{line[:_LINE_LIMIT]} …"


def _indented(lines: Iterable[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)
