"""Every message that a document quotes is one that the product shows.

How a document quotes: inline code in the first column of a table whose header begins with "message", and any inline
code of three or more words that is nothing else (a command, a setting, a call, a header). ``…`` stands for a value.
"""

from __future__ import annotations

import re

import pytest

from tests.unit.documents.messages import is_emitted, nearest
from tests.unit.documents.pages import pages, spans

_COMMANDS = (
    *(
        "hookserver",
        "curl",
        "docker",
        "git",
        "nginx",
        "systemctl",
        "journalctl",
        "sqlite3",
        "chmod",
        "rm",
        "tar",
        "touch",
    ),
    *(
        "useradd",
        "usermod",
        "groupadd",
        "apt-get",
        "pip",
        "python",
        "./tests/run.sh",
        "./deploy/demo.sh",
        "deploy/images/make.sh",
        "bench",
    ),
)
_OTHER = re.compile(
    r"[\w.-]+ = .*"  # a setting
    r"|\[.*\].*"  # a table of settings, a list
    r"|\{.*\}"  # JSON, TOML
    r"|(?:GET|POST|PUT|DELETE)(?:, (?:GET|POST|PUT|DELETE))* /.*"
    r"|[A-Z][\w-]+: .*"  # a header
    r"|.*;"  # Nginx
    r"|<.*>"  # XML
    r"|[\w-]+ → .*"  # a chain of words
)


def quoted() -> list[str]:
    """Every message of the documents."""
    found: dict[str, None] = {}
    for page in pages():
        for table in page.tables():
            if table.header[0].lower().startswith("message"):
                found.update(dict.fromkeys(span for row in table.rows for span in spans(row[0])))
        found.update(dict.fromkeys(span for span in page.spans() if is_message(span)))
    return list(found)


def is_message(span: str) -> bool:
    words = span.split()
    return len(words) > 2 and words[0] not in _COMMANDS and not _OTHER.fullmatch(span)


@pytest.mark.parametrize("message", quoted())
def test_documents_quote_messages_that_the_product_shows(message: str) -> None:
    assert is_emitted(message), (
        f"a document quotes {message!r}, which nothing in hookserver/ says; the nearest is {nearest(message)!r}. "
        "If you reworded it: find the old text with `git grep` in the documents (*.md), and write the new one there, "
        "with … for each value."
    )


def test_quotes_are_found_in_tables_and_in_the_text() -> None:
    assert len(quoted()) > 20


@pytest.mark.parametrize(
    ("span", "quotes"),
    [
        ("the build ran out of memory", True),
        ("hookserver status shop", False),
        ("build.offline = true", False),
        ("POST /hooks/<app> now", False),
        ("two words", False),
    ],
)
def test_messages_are_reported_from_other_code(span: str, quotes: bool) -> None:
    assert is_message(span) is quotes


@pytest.mark.parametrize(
    ("message", "emitted"),
    [
        ("no settings file at …: write one with `hookserver init`", True),
        ("there is no app …", True),
        ("no settings file in …: write one", False),
        ("Every text that the product can show", False),
    ],
)
def test_message_is_looked_up_with_its_values_left_open(message: str, emitted: bool) -> None:
    assert is_emitted(message) is emitted
