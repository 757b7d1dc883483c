"""The lines of a build's output that tell why it failed."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

_FIRST_ERRORS = 20
_LAST_LINES = 20
_COLOUR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


class Cause:
    """Remembers the lines that tell why a build failed: the first that the tool calls an error, else the last ones.

    ``heading`` is the line after which the tool tells the cause, up to the next blank line; that is never missing.
    """

    def __init__(self, is_error: Callable[[str], bool], heading: str = "") -> None:
        self._is_error = is_error
        self._heading = heading
        self._is_below = False
        self._errors: list[str] = []
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._goes_on = False

    def see(self, line: str) -> None:
        """One line of the output, in order."""
        plain = _COLOUR.sub("", line).rstrip()
        if not plain:
            self._is_below = False
            return
        self._last.append(plain)
        if plain == self._heading:
            self._is_below = True
            return
        self._goes_on = self._is_below or self._is_error(plain) or (self._goes_on and plain.startswith("  "))
        room = 2 * _FIRST_ERRORS if self._is_below else _FIRST_ERRORS
        if self._goes_on and len(self._errors) < room and plain not in self._errors:
            self._errors.append(plain)

    def told(self, what: str) -> str:
        """The text of an error: ``what`` happened, and why."""
        if self._errors:
            return f"{what}:\n{listed(self._errors)}"
        return f"{what}; its last lines:\n{listed(self.last())}" if self._last else f"{what}; it printed nothing"

    def last(self) -> list[str]:
        """What was told last."""
        return list(self._last)

    def tells_of(self, text: str) -> bool:
        """Whether one of the lines that are remembered has the text."""
        return any(text in line for line in (*self._errors, *self._last))


def listed(lines: list[str]) -> str:
    """Lines as they stand in an error's text."""
    return "\n".join(f"  {line}" for line in lines)
