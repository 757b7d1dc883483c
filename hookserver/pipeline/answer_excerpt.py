"""A short excerpt of an answer, for a person; of a page of HTML, its visible text."""

from __future__ import annotations

import html
import re

from hookserver.plain_text import cut, one_line

_LENGTH = 200
_READ = 20_000
_PAGE = re.compile(r"\s*(?:<!doctype html|<html|<head|<body|<h1|<title|<!--)", re.IGNORECASE)
_UNSEEN = re.compile(r"<!--.*?(?:-->|\Z)|<(style|script)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<title[^>]*>([^<]*)</title\s*>", re.IGNORECASE)
_TAG = re.compile(r"<[/!a-z][^>]*>?", re.IGNORECASE)


def excerpt(text: str) -> str:
    """The first 200 characters on one line. Of a page: its title, unless its text begins so, and its visible text."""
    text = text[:_READ]
    if _PAGE.match(text):
        text = _of_page(text)
    return cut(one_line(text), _LENGTH)


def _of_page(text: str) -> str:
    text = _UNSEEN.sub(" ", text)
    title = _TITLE.search(text)
    seen = html.unescape(_TAG.sub(" ", _TITLE.sub(" ", text)))
    named = html.unescape(title[1]) if title else ""
    return seen if one_line(seen).startswith(one_line(named)) else f"{named} {seen}"
