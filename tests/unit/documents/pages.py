"""The documents of the project, taken apart: inline code, blocks, tables, headings and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = ("README.md", "deploy/README.md", "hookserver/README.md", "tests/README.md", "CHANGELOG.md")
"""Paths from the root."""

_TOPS = ("hookserver", "tests", "deploy", "hooks")
_TEXTS = ("", ".py", ".sh", ".toml", ".java", ".xml")
_BLOCK = re.compile(r"^(?:\s*)```(\w*)\n(.*?)^(?:\s*)```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_HEADING = re.compile(r"^(#+) +(.*)$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_ROW = re.compile(r"^\|(.*)\|$", re.MULTILINE)


@dataclass(frozen=True)
class Table:
    """The cells of each row below the header, as Markdown."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Page:
    """One document. ``prose`` is its text without the fenced blocks."""

    path: Path
    text: str

    @property
    def prose(self) -> str:
        return _BLOCK.sub("", self.text)

    def blocks(self, language: str) -> list[str]:
        """The fenced blocks of a language, each with its last line end."""
        return [body for name, body in _BLOCK.findall(self.text) if name == language]

    def spans(self) -> list[str]:
        """Inline code, a line break in it being a space."""
        return spans(self.prose)

    def anchors(self) -> set[str]:
        """The anchor of a heading, as the forges make it: lower case, dashes, no punctuation."""
        titles = [title for _, title in _HEADING.findall(self.prose)]
        return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}

    def links(self) -> list[str]:
        return _LINK.findall(self.prose)

    def section(self, title: str) -> Page:
        """From the heading to the next one of its level, or of a higher one."""
        (found,) = [one for one in _HEADING.finditer(self.text) if one[2] == title]
        rest = self.text[found.end() :]
        end = re.search(rf"^#{{1,{len(found[1])}}} ", _without_blocks(rest), re.MULTILINE)
        return Page(self.path, rest[: end.start()] if end else rest)

    def tables(self) -> Iterator[Table]:
        """Every table of pipes; a cell's own pipe is written as ``\\|``."""
        for table in re.findall(r"(?:^\|.*\|\n)+", f"{self.prose}\n", re.MULTILINE):
            header, _, *rows = [_cells(row) for row in _ROW.findall(table)]
            yield Table(header, tuple(rows))


def spans(text: str) -> list[str]:
    """The inline code of a Markdown text."""
    return [" ".join(code.split()).replace("\\|", "|") for _, code in _CODE.findall(text)]


@cache
def page(name: str) -> Page:
    """A document by its path from the root."""
    return Page(ROOT / name, (ROOT / name).read_text(encoding="utf-8"))


def pages() -> list[Page]:
    return [page(name) for name in PAGES if (ROOT / name).is_file()]


@cache
def sources() -> str:
    """Everything in the repository's text files but the documents and their tests."""
    here = Path(__file__).parent
    files = [*ROOT.glob("*.toml"), *(file for top in _TOPS for file in sorted((ROOT / top).rglob("*")))]
    texts = [file for file in files if file.is_file() and file.suffix in _TEXTS and here not in file.parents]
    return "\n".join(f"{file.relative_to(ROOT)}\n{file.read_text(encoding='utf-8')}" for file in texts)


def _cells(row: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", row))


def _without_blocks(text: str) -> str:
    """The blocks blanked, each character kept its place."""
    return _BLOCK.sub(lambda block: re.sub(r"[^\n]", " ", block[0]), text)
