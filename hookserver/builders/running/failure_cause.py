"""The lines of a build's output that say why it failed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from hookserver.config.units import format_duration
from hookserver.errors import BuildError, indented
from hookserver.plain_text import plain

_FIRST_ERRORS = 20
_LAST_LINES = 20


class Cause:
    """Collects the cause of a failed build: the first lines that the tool calls an error, else its last lines.

    ``heading`` is the line after which the tool describes the cause, up to the next blank line; that part is always
    kept.
    """

    def __init__(self, is_error: Callable[[str], bool], heading: str = "") -> None:
        self._is_error = is_error
        self._heading = heading
        self._is_below_heading = False
        self._errors: list[str] = []
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._continues = False

    def add(self, line: str) -> None:
        """Take the next line of the output."""
        text = plain(line).rstrip()
        if not text:
            self._is_below_heading = False
            return
        self._last.append(text)
        if text == self._heading:
            self._is_below_heading = True
            return
        is_error = self._is_below_heading or self._is_error(text)
        self._continues = is_error or (self._continues and text.startswith("  "))
        room = 2 * _FIRST_ERRORS if self._is_below_heading else _FIRST_ERRORS
        if self._continues and len(self._errors) < room and text not in self._errors:
            self._errors.append(text)

    def describe(self, event: str) -> str:
        """The text of an error: the ``event``, then its cause."""
        return f"{event}:\n{indented(self._errors)}" if self._errors else self.describe_end(event)

    def describe_end(self, event: str) -> str:
        """The text of an error: the ``event``, then the last lines of the output."""
        if self._last:
            return f"{event}; its last lines:\n{indented(self.last_lines())}"
        return f"{event}; it printed nothing"

    def out_of_time(self, timeout: float) -> BuildError:
        """The error of a build that ``build.timeout`` (seconds) ended."""
        limit = format_duration(timeout)
        return BuildError(
            self.describe_end(f"the build was stopped after {limit}"),
            f"Raise build.timeout (now {limit}) if it needs longer, or see in its last lines what it waits for.",
        )

    def last_lines(self) -> list[str]:
        """The last lines of the output so far."""
        return list(self._last)

    def mentions(self, text: str) -> bool:
        """Whether one of the collected lines has the text."""
        return any(text in line for line in (*self._errors, *self._last))
