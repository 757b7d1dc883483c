"""The servlet APIs and tag libraries in JSP pages and descriptors; more of them in ``test_facts.py``, in whole WARs."""

from __future__ import annotations

import pytest

from hookserver.builders.wars.texts import apis_of_descriptor, apis_of_page, is_descriptor, is_page, tags_of_page


@pytest.mark.parametrize(
    ("name", "page", "descriptor"),
    [
        ("cart.jsp", True, False),
        ("WEB-INF/tags/a.TAGX", True, False),
        ("index.html", False, False),
        ("WEB-INF/web.xml", False, True),
        ("web.xml", False, False),
        ("WEB-INF/tags/c.tld", False, True),
        ("META-INF/c.tld", False, False),
    ],
)
def test_pages_and_descriptors_are_known_by_their_names(name: str, page: bool, descriptor: bool) -> None:
    assert (is_page(name), is_descriptor(name)) == (page, descriptor)


def test_page_that_does_not_end_its_code_is_read_to_its_end() -> None:
    assert apis_of_page(b"<% javax.servlet.http.Cookie c;") == ["javax"]
    assert apis_of_page(b"<%-- <% jakarta.servlet.http.Cookie c;") == []


def test_page_with_both_apis_needs_both() -> None:
    assert apis_of_page(b"<% javax.servlet.A a; jakarta.servlet.B b; %>") == ["javax", "jakarta"]


def test_tags_are_those_of_directives_and_namespaces() -> None:
    page = b"<%@ taglib prefix='c' uri='urn:c' %><%@ page import='urn:x' %><p xmlns:f=\"urn:f\" xmlns='urn:none'/>"
    assert tags_of_page(page) == ["urn:c", "urn:f"]


@pytest.mark.parametrize("content", [b"", b"<web-app", b"\xff\xfe\x00", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'])
def test_unreadable_descriptor_loads_nothing(content: bytes) -> None:
    assert apis_of_descriptor(content) == []
