"""Removes comments from source files."""

from __future__ import annotations

import re

# Strings are matched too, since one can contain "//"; a string that is not closed ends with its line
_CODE = re.compile(
    r"""("(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)|/\*.*?(?:\*/|\Z)|//[^\n]*""",
    re.DOTALL,
)
_PAGE = re.compile(r"<%--.*?(?:--%>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL)
_XML = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HASH = re.compile(r"^[ \t]*[#!][^\n]*", re.MULTILINE)

CODE = (".java", ".kt", ".groovy", ".scala")
PAGES = (".jsp", ".jspf", ".jspx", ".tag", ".tagx", ".xhtml")
SETTINGS = (".properties", ".yml", ".yaml")
_BUILD_FILES = (".gradle", ".kts")


def without_comments(text: str, name: str) -> str:
    """The text of a file without its comments; the ending of the file's name decides on their form."""
    if name.endswith((*CODE, *_BUILD_FILES)):
        return _CODE.sub(lambda match: match[1] or " ", text)
    if name.endswith(SETTINGS):
        return _HASH.sub("", text)
    return (_PAGE if name.endswith(PAGES) else _XML).sub("", text)
