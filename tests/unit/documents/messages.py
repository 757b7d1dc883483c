"""Every text that the product can show, read from its source: literals and f-strings, ``…`` where a value goes."""

from __future__ import annotations

import ast
import re
from functools import cache

from tests.unit.documents.pages import ROOT

HOLE = "…"
_FORMATTED = re.compile(r"%(?:\.\d+)?[sdrgf]|\{[\w.]*\}")
_SCRIPTS = (
    *("hooks/post-receive", "deploy/demo.sh", "deploy/machine.sh", "tests/run.sh"),
    "hookserver/nginx/error_page.html",
)


def is_emitted(message: str) -> bool:
    """Whether a text of the source has ``message`` in it, ``…`` in both standing for a value."""
    return any(message.strip(HOLE + " ") in template for template in templates()) or any(
        _in_order(message, text) for text in _other_texts()
    )


def is_shown(line: str) -> bool:
    """Whether ``line``, with real values in it, is a line that the product can print."""
    return any(_line(template).fullmatch(line) for template in templates() if _letters(template) > 3) or any(
        line in text for text in _other_texts()
    )


def nearest(message: str) -> str:
    """The text of the source with the most words of ``message``."""
    words = set(message.split())
    return max(templates(), key=lambda text: (len(words & set(text.split())), -len(text)))


@cache
def templates() -> tuple[str, ...]:
    """The texts in ``hookserver/**/*.py`` but for docstrings, white space made one space."""
    found: set[str] = set()
    for file in sorted((ROOT / "hookserver").rglob("*.py")):
        found.update(_templates(ast.parse(file.read_text(encoding="utf-8"))))
    return tuple(sorted(found))


@cache
def _line(template: str) -> re.Pattern[str]:
    return re.compile(".+".join(re.escape(piece) for piece in template.lstrip("-=>! ").split(HOLE)))


def _letters(template: str) -> int:
    return sum(character.isalpha() for character in template)


def _templates(tree: ast.AST) -> set[str]:
    texts: set[str] = set()
    inner: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inner.add(id(node.value))  # a docstring
        elif isinstance(node, ast.JoinedStr):
            inner.update(id(part) for part in ast.walk(node) if part is not node)
    for node in ast.walk(tree):
        if id(node) not in inner and (text := _text(node)):
            texts.add(" ".join(text.split()))
    return texts


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _FORMATTED.sub(HOLE, node.value)
    return ""


@cache
def _other_texts() -> tuple[str, ...]:
    """Scripts, and the Java that is added to Tomcat."""
    files = [*(ROOT / name for name in _SCRIPTS), *sorted((ROOT / "hookserver").rglob("*.java"))]
    return tuple(" ".join(file.read_text(encoding="utf-8").split()) for file in files)


def _in_order(message: str, text: str) -> bool:
    """Whether the pieces between the values of ``message`` follow each other in ``text``, near by."""
    pieces = [re.escape(piece.strip()) for piece in message.split(HOLE) if piece.strip()]
    return re.search(r".{1,80}?".join(pieces), text) is not None
