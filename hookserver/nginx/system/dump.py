"""Reads what ``nginx -T`` prints: every file of a configuration that Nginx itself finds valid."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

# As ngx_conf_read_token() in https://github.com/nginx/nginx/blob/master/src/core/ngx_conf_file.c
_TOKEN = re.compile(
    r"""(?P<skipped>\s+|\#[^\n]*)
      | "(?P<double>(?:\\.|[^"\\])*)"
      | '(?P<single>(?:\\.|[^'\\])*)'
      | (?P<mark>[;{}])
      | (?P<word>(?:\\.|\$\{|[^\s;{\\])+)
      | .""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"""\\(["'\\])""")
_LUA = re.compile(
    r"""--\[(=*)\[.*?\]\1\]|--[^\n]*|\[(=*)\[.*?\]\2\]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?P<brace>[{}])""", re.DOTALL
)
"""A brace, and what may have others in it: comments and strings, long ones too."""
_FILE = re.compile(r"^# configuration file (/.+):\n", re.MULTILINE)


@dataclass(frozen=True)
class Directive:
    """One directive and its place; ``children``: those of its block, with included files in their place."""

    name: str
    arguments: tuple[str, ...]
    children: tuple[Directive, ...]
    file: Path
    line: int

    def inside(self, name: str) -> list[Directive]:
        """The directives of this name in its own block."""
        return [child for child in self.children if child.name == name]

    def walk(self) -> Iterator[Directive]:
        """This one and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Dump:
    """A whole configuration: ``main`` is the file it begins with, ``files`` all that Nginx reads."""

    main: Path
    files: frozenset[Path]
    directives: tuple[Directive, ...]

    def all(self, name: str) -> list[Directive]:
        """The directives of this name at the top."""
        return [directive for directive in self.directives if directive.name == name]


def read_dump(text: str) -> Dump:
    """``text``: what ``nginx -T`` writes on its output."""
    _, *parts = _FILE.split(text)
    named = zip(map(Path, parts[::2]), parts[1::2], strict=True)
    files = {path: list(_block(_tokens(content), path)) for path, content in named}
    main = next(iter(files), Path("/"))
    return Dump(main, frozenset(files), tuple(_included(files.get(main, []), files, main.parent)))


def _included(
    directives: Sequence[Directive], files: Mapping[Path, Sequence[Directive]], base: Path
) -> Iterator[Directive]:
    """The directives with those of an included file in the place of its ``include``."""
    for directive in directives:
        if directive.name == "include" and directive.arguments:
            pattern = str(base / directive.arguments[0])
            # Nginx reads the files of a glob sorted by name: glob(3) in ngx_open_glob().
            for path in sorted(path for path in files if PurePosixPath(path).match(pattern)):
                yield from _included(files[path], files, base)
        else:
            children = tuple(_included(directive.children, files, base))
            yield Directive(directive.name, directive.arguments, children, directive.file, directive.line)


def _tokens(text: str) -> Iterator[tuple[str, bool, int]]:
    """(text, whether it is one of ``;{}``, line)."""
    line, at = 1, 0
    while match := _TOKEN.match(text, at):
        kind, end = match.lastgroup, match.end()
        if kind not in (None, "skipped"):
            found = match[kind]
            yield _ESCAPED.sub(r"\1", found), kind == "mark", line
            # Code of OpenResty's ngx_http_lua_module, which has braces of its own.
            if kind == "word" and found.endswith("_by_lua_block"):
                end = _after_code(text, end)
                yield ";", True, line
        line += text.count("\n", at, end)
        at = end


def _after_code(text: str, at: int) -> int:
    """Where a block of Lua ends: at the brace that matches its first."""
    depth = 0
    for found in _LUA.finditer(text, at):
        if found["brace"]:
            depth += 1 if found["brace"] == "{" else -1
            if depth == 0:
                return found.end()
    return len(text)


def _block(tokens: Iterator[tuple[str, bool, int]], file: Path) -> Iterator[Directive]:
    """The directives up to the block's end."""
    words: list[str] = []
    began = 0
    for text, is_mark, line in tokens:
        if not is_mark:
            began = began if words else line
            words.append(text)
            continue
        if text != "}" and words:
            children = tuple(_block(tokens, file)) if text == "{" else ()
            yield Directive(words[0], tuple(words[1:]), children, file, began)
        words = []
        if text == "}":
            return
