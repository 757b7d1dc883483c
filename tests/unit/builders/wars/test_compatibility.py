"""A WAR and a Tomcat image that do not fit together are refused before anything starts."""

from __future__ import annotations

import pytest

from hookserver.builders.tomcat.base_image import Base
from hookserver.builders.tomcat.library import AFFINITY, REQUEST_JOURNAL, SESSION_LISTENER, Library
from hookserver.builders.wars.compatibility import check, check_sessions
from hookserver.builders.wars.facts import WarFacts
from hookserver.errors import BuildError


def base(servlet: str = "", java: int = 0) -> Base:
    return Base("sha256:1", "/usr/local/tomcat", {}, (), (), (), "", (), servlet, java)


def test_javax_on_jakarta_is_refused_with_the_class_and_both_remedies() -> None:
    with pytest.raises(BuildError) as caught:
        check(WarFacts(servlet="javax", servlet_source="shop/Cart.class"), base("jakarta"), "tomcat:10.1")
    assert caught.value.problem == (
        "the WAR is written for javax.servlet (seen in shop/Cart.class), "
        "and the Tomcat of tomcat:10.1 knows jakarta.servlet only"
    )
    assert "a Tomcat 9 image" in caught.value.remedy
    assert "tomcat.migrate = true" in caught.value.remedy


def test_jakarta_on_javax_is_refused_with_a_newer_tomcat_as_remedy() -> None:
    with pytest.raises(BuildError, match=r"jakarta\.servlet \(seen in a\.jsp\)") as caught:
        check(WarFacts(servlet="jakarta", servlet_source="a.jsp"), base("javax"), "tomcat:9.0")
    assert "10.1" in caught.value.remedy
    assert "migrate" not in caught.value.remedy


def test_java_that_is_too_old_is_refused_with_both_versions() -> None:
    with pytest.raises(BuildError, match=r"needs Java 21 \(seen in A\.class\), and tomcat:9 has Java 8") as caught:
        check(WarFacts(java=21, java_source="A.class"), base(java=8), "tomcat:9")
    assert "compile the project for Java 8" in caught.value.remedy


USED = (("http://java.sun.com/jsp/jstl/core", "cart.jsp"),)
OLD, NEW = ((USED[0][0], "jstl-1.2.jar", "javax"), (USED[0][0], "jakarta.jstl-3.0.jar", "jakarta"))


def test_page_whose_tags_use_the_other_api_is_refused() -> None:
    with pytest.raises(BuildError, match=r"cart\.jsp uses the tags of .*, which jstl-1\.2\.jar has") as caught:
        check(WarFacts("jakarta", "A", tags=(OLD,), pages=USED), base("jakarta"), "tomcat:10.1")
    assert "in place of jstl-1.2.jar" in caught.value.remedy
    assert "tomcat.migrate = true" in caught.value.remedy


@pytest.mark.parametrize("facts", [WarFacts(tags=(OLD, NEW), pages=USED), WarFacts(tags=(OLD,)), WarFacts(pages=USED)])
def test_unused_library_of_the_other_api_is_accepted(facts: WarFacts) -> None:
    check(facts, base("jakarta"), "tomcat:10.1")


@pytest.mark.parametrize(
    ("facts", "servlet", "java"),
    [
        (WarFacts(), "jakarta", 8),
        (WarFacts("javax", "A", 25, "A"), "", 0),
        (WarFacts("javax", "A", 8, "A"), "javax", 17),
        (WarFacts("jakarta", "A", 17, "A"), "jakarta", 17),
    ],
)
def test_fitting_and_unknown_facts_are_accepted(facts: WarFacts, servlet: str, java: int) -> None:
    check(facts, base(servlet, java), "tomcat:x")


def test_shared_sessions_are_refused_with_the_compilers_error_where_their_classes_do_not_compile() -> None:
    valves = Library(b"jar", frozenset({REQUEST_JOURNAL, AFFINITY}), "SessionStore.java:7: error: no such symbol")
    whole = Library(b"jar", valves.classes | {SESSION_LISTENER})
    check_sessions("shared", whole, "tomcat:9.0")
    check_sessions("sticky", valves, "tomcat:7.0")
    with pytest.raises(BuildError, match=r"do not compile against the Tomcat of tomcat:7\.0\nSessionSt") as caught:
        check_sessions("shared", valves, "tomcat:7.0")
    assert "8.5 or newer" in caught.value.remedy
    assert 'sessions = "sticky"' in caught.value.remedy
