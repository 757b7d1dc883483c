"""Globs of strangers, matched in linear time: no pattern makes it slow, as it could a regular expression.

The language is that of ``.dockerignore``: ``*`` and ``?`` within one name, ``**`` for any number of folders, ``[a-z]``,
``\\`` before a character that means itself: https://docs.docker.com/build/concepts/context/#syntax

All patterns together are one nondeterministic automaton, whose set of states is the bits of one integer (Baeza-Yates
and Gonnet, https://doi.org/10.1145/135239.135243). A step that was computed once is looked up the next time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from hookserver.errors import DeployFailed

PATTERNS_LIMIT = 64 << 10
"""Characters of all patterns together: each character of a path is work for each of them."""
_REMEMBERED = 2000
"""Steps that are remembered."""
_TOKEN = re.compile(r"\*\*/?|\*|\?|\[(\^?)((?:\\.|[^\\\]]){1,100})\]|\\(.)|(.)", re.DOTALL)
_MEMBER = re.compile(r"\\?(.)(?:-\\?(.))?", re.DOTALL)


class TooManyPatterns(DeployFailed):
    """Raised for more than ``PATTERNS_LIMIT`` characters."""


class Globs:
    """Patterns that are matched together. ``start`` is the state before a path, ``step`` the one after more of it.

    Raises TooManyPatterns.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._literals: dict[str, int] = {}
        self._classes: dict[tuple[bool, str], int] = {}
        self._any = self._stars = self._all = self._folders = self.start = 0
        self._ends = 0
        self._patterns: dict[int, int] = {}
        self._size = 0
        for pattern in patterns:
            self._add(pattern)
        self._characters: dict[str, int] = {}
        self._steps: dict[tuple[int, str], int] = {}
        self.start = self._skip(self.start)

    def step(self, state: int, text: str) -> int:
        """The state after ``text``; 0: nothing that begins so matches."""
        for character in text:
            after = self._steps.get((state, character))
            if after is None:
                after = self._compute(state, character)
            state = after
        return state

    def last(self, state: int) -> int:
        """The index of the last pattern that matches what was read to come to this state; -1: none does."""
        ends = state & self._ends
        return self._patterns[ends.bit_length()] if ends else -1

    def match(self, path: str) -> bool:
        """Whether any pattern matches the whole path."""
        return self.last(self.step(self.start, path)) >= 0

    def _add(self, pattern: str) -> None:
        """Each token gets the next bit: set, all tokens before it are matched. One more bit is the pattern's end."""
        self.start |= 1 << self._size
        before = ""
        for token in _TOKEN.finditer(pattern):
            text = token[0]
            if text.startswith("**"):
                # "**" at the end is anything; elsewhere any number of folders, as moby's patternmatcher compiles it:
                # https://github.com/moby/patternmatcher/blob/main/patternmatcher.go
                if token.end() == len(pattern):
                    self._all |= self._next_bit()
                elif not before.startswith("**"):
                    self._folders |= self._next_bit()
                    self._all |= self._next_bit()
                    self._literals["/"] = self._literals.get("/", 0) | self._next_bit()
            elif text == "*":
                if before != "*":
                    self._stars |= self._next_bit()
            elif text == "?":
                self._any |= self._next_bit()
            elif token[2]:
                members = (bool(token[1]), token[2])
                self._classes[members] = self._classes.get(members, 0) | self._next_bit()
            else:
                literal = token[3] or token[4]
                self._literals[literal] = self._literals.get(literal, 0) | self._next_bit()
            before = text
        self._ends |= self._next_bit()
        self._patterns[self._size] = len(self._patterns)

    def _next_bit(self) -> int:
        if self._size >= PATTERNS_LIMIT:
            raise TooManyPatterns(f"there are patterns of more than {PATTERNS_LIMIT} characters", "Write fewer.")
        self._size += 1
        return 1 << (self._size - 1)

    def _compute(self, state: int, character: str) -> int:
        consuming = self._characters.get(character)
        if consuming is None:
            consuming = self._characters[character] = self._consuming(character)
        stays = self._all if character == "/" else self._all | self._stars
        after = self._skip((state & consuming) << 1 | state & stays)
        if len(self._steps) >= _REMEMBERED:
            self._steps.clear()
        self._steps[state, character] = after
        return after

    def _consuming(self, character: str) -> int:
        """The tokens, other than stars, that the character matches."""
        found = self._literals.get(character, 0)
        if character != "/":
            found |= self._any
        for (is_negated, members), bits in self._classes.items():
            if _is_member(character, members) != is_negated:
                found |= bits
        return found

    def _skip(self, state: int) -> int:
        """The state with the tokens left out that also match nothing: folders, then stars."""
        folders = state & self._folders
        state |= folders << 1 | folders << 3
        return state | (state & (self._stars | self._all)) << 1


def _is_member(character: str, members: str) -> bool:
    return any(low <= character <= (high or low) for low, high in _MEMBER.findall(members))
