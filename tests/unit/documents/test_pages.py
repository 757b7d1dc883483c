"""The documents as such: length, links, files, figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hookserver.state.state_dir import StateDir
from tests.unit.documents.messages import is_shown
from tests.unit.documents.pages import PAGES, ROOT, Page, page, pages, sources, spans

NAMED = pytest.mark.parametrize("document", pages(), ids=lambda one: str(one.path.relative_to(ROOT)))
_FILE = re.compile(r"[\w.-]*(?:/[\w.*-]+)*\.(?:py|toml|sh|md|lock)|(?:hookserver|tests|deploy|hooks)(?:/[\w.*-]+)+/?")
_NOT_OURS = (
    "/",
    "bin/setenv.sh",
    "setenv.sh",
    "conf/",
    "hookserver.toml",
    "./hookserver.toml",
    "hookserver/a/",
    "tests/unit/a/",
)
"""Files of an app, and examples."""

FOREIGN = {
    *("/etc/docker/daemon.json", "/usr/local/bin/hookserver", "KillMode=process", "ClassCastException"),
    *('"/etc/hookserver/settings.xml:/root/.m2/settings.xml"', "${env.NAME}"),
    *("N.log", "?limit=20", "hookserver-*.conf"),
    *("sessionAttributeNameFilter", "sessionDidActivate", "changeSessionId", "x-systemd.before", "nofail", "loop"),
    *("hookserver/a/b.py", "tests/unit/a/test_b.py", "test_switch_keeps_uploads"),
}
"""Words of other programs, and examples."""


def test_every_document_is_there() -> None:
    assert [name for name in PAGES if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize(("name", "most"), [("README.md", 200), ("CHANGELOG.md", 40)])
def test_documents_are_short(name: str, most: int) -> None:
    assert len(page(name).text.splitlines()) <= most


@NAMED
def test_links_lead_somewhere(document: Page) -> None:
    for link in document.links():
        target, _, anchor = link.partition("#")
        if re.match(r"https?:", target):
            continue
        file = (document.path.parent / target).resolve() if target else document.path
        assert file.exists(), link
        if anchor:
            assert anchor in Page(file, file.read_text(encoding="utf-8")).anchors(), link


@NAMED
def test_named_files_exist(document: Page) -> None:
    """From the root, or from the document's own folder."""
    for span in document.spans():
        if _FILE.fullmatch(span) and not span.startswith(_NOT_OURS):
            assert any(list(folder.glob(span.rstrip("/"))) for folder in (ROOT, document.path.parent)), span


@NAMED
def test_output_in_a_block_is_what_the_product_prints(document: Page) -> None:
    for block in document.blocks("log"):
        for line in block.splitlines():
            assert is_shown(line.lstrip("-=> ")), line


@NAMED
def test_word_of_code_is_a_word_of_the_sources(document: Page) -> None:
    """A setting, a file, a status, a program: what was renamed is found here."""
    words = {span for span in document.spans() if not re.search(r"[\s<>…]", span)} - FOREIGN
    assert sorted(word for word in words if not _is_known(word)) == []


def _is_known(word: str) -> bool:
    """As it is, as a file, or, a dotted one, by each of its parts."""
    parts = word.split(".") if re.fullmatch(r"[a-z_]+\.[a-z_]+", word) else [word]
    return all(part in sources() for part in parts) or (ROOT / word).exists()


def test_the_table_of_the_state_dir_has_every_path() -> None:
    state = StateDir(Path("/s"))
    paths = [state.live("shop"), state.log(1), state.work(1), state.mirror("shop"), state.push_repository("shop")]
    paths += [state.sessions("shop"), state.logs, state.web_socket, state.push_socket]
    paths += [state.database, state.nginx, state.cache, state.request_journal, *state.private]
    (table,) = page("deploy/README.md").section("Services").tables()
    documented = {span for row in table.rows for span in spans(row[0])}
    assert documented == {path.relative_to(state.root).parts[0] for path in paths}


def test_no_example_shows_a_secret_to_other_users() -> None:
    """Neither in a file that they can read, nor on a command line, which is in the list of processes."""
    lines = [line for one in pages() for block in one.blocks("sh") for line in block.splitlines()]
    for line in lines:
        if re.search(r"token create|openssl rand|reports\.token", line):
            assert line.startswith("(umask 077; "), line
            assert " > " in line, line
        if line.startswith("curl"):
            assert "Bearer" not in line, line
    assert sum("token create" in line for line in lines) > 1
