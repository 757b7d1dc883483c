"""Text from outside, made safe to show: it controls no terminal, hides nothing, and reads in one direction."""

from __future__ import annotations

import re

CUT = "…"
"""The end of a text that was cut."""

# Escape and control sequences, also in their 8-bit form: ECMA-48, 5.3 to 5.6; `nF` sequences: ECMA-35, 13.2.1.
# A control string (OSC, DCS, SOS, PM, APC) that nothing ends is removed up to the end of its line, as a terminal would
# not show it either. No part of a pattern matches what the part before it matches, so that the time is linear.
_SEQUENCE = r"""
    (?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f]) [^\x07\x18\x1a\x1b\x9c\n]* (?:\x1b\\|[\x07\x9c])?
    | (?:\x1b\[|\x9b) [0-?]* [ -/]* [@-~]?
    | \x1b [ -/]* [0-~]?
"""
# Controls but tab and newline; what has no width or changes the direction of what follows (UAX #9, 2), so that a
# person reads another text than a program; tags. The two joiners stay: Persian and emoji need them.
_INVISIBLE = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]"
)
_REMOVED = re.compile(f"{_SEQUENCE} | {_INVISIBLE}", re.VERBOSE)
_LINE_END = re.compile(r"\r\n?")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def plain(text: str) -> str:
    """The text without escape sequences, control characters but tab and newline, and invisible characters.

    A carriage return is the end of a line. Half of a surrogate pair, which no file can have, is replaced.
    """
    if text.isascii() and text.isprintable():
        return text
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", _REMOVED.sub("", _LINE_END.sub("\n", text)))


def one_line(text: str) -> str:
    """As ``plain``, with one space in the place of each run of white space."""
    return " ".join(plain(text).split())


def cut(text: str, limit: int) -> str:
    """The text if it has at most ``limit`` characters, else its beginning and ``CUT``: by it half a secret is found."""
    return text if len(text) <= limit else text[:limit].rstrip() + CUT
