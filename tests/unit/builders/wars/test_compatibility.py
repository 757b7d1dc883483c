"""A WAR and a Tomcat image that are not made for each other are told before anything starts."""

from __future__ import annotations

import pytest

from hookserver.builders.tomcat import image_facts
from hookserver.builders.tomcat.base_image import Base
from hookserver.builders.tomcat.library import BEGUN, CLUSTER, ELSEWHERE, Library
from hookserver.builders.wars.compatibility import check, check_sessions
from hookserver.builders.wars.facts import Facts
from hookserver.errors import BuildError
from tests.unit.builders.wars.test_facts import class_file, zipped


def base(servlet: str = "", java: int = 0) -> Base:
    return Base("sha256:1", "/usr/local/tomcat", {}, (), (), (), "", (), servlet, java)


def test_javax_on_jakarta_names_the_class_and_both_ways_out() -> None:
    with pytest.raises(BuildError) as caught:
        check(Facts(servlet="javax", servlet_source="shop/Cart.class"), base("jakarta"), "tomcat:10.1")
    assert caught.value.problem == (
        "the WAR is written for javax.servlet (seen in shop/Cart.class), "
        "and the Tomcat of tomcat:10.1 knows jakarta.servlet only"
    )
    assert "a Tomcat 9 image" in caught.value.remedy
    assert "tomcat.migrate = true" in caught.value.remedy


def test_jakarta_on_javax_asks_for_a_newer_tomcat() -> None:
    with pytest.raises(BuildError, match=r"jakarta\.servlet \(seen in a\.jsp\)") as caught:
        check(Facts(servlet="jakarta", servlet_source="a.jsp"), base("javax"), "tomcat:9.0")
    assert "10.1" in caught.value.remedy
    assert "migrate" not in caught.value.remedy


def test_a_java_that_is_too_old_is_told_with_both_versions() -> None:
    with pytest.raises(BuildError, match=r"needs Java 21 \(seen in A\.class\), and tomcat:9 has Java 8") as caught:
        check(Facts(java=21, java_source="A.class"), base(java=8), "tomcat:9")
    assert "compile for Java 8" in caught.value.remedy


USED = (("http://java.sun.com/jsp/jstl/core", "cart.jsp"),)
OLD, NEW = ((USED[0][0], "jstl-1.2.jar", "javax"), (USED[0][0], "jakarta.jstl-3.0.jar", "jakarta"))


def test_a_page_whose_tags_are_written_for_the_other_api_is_told() -> None:
    with pytest.raises(BuildError, match=r"cart\.jsp uses the tags of .*, which jstl-1\.2\.jar brings") as caught:
        check(Facts("jakarta", "A", tags=(OLD,), pages=USED), base("jakarta"), "tomcat:10.1")
    assert "in place of jstl-1.2.jar" in caught.value.remedy
    assert "tomcat.migrate = true" in caught.value.remedy


@pytest.mark.parametrize("facts", [Facts(tags=(OLD, NEW), pages=USED), Facts(tags=(OLD,)), Facts(pages=USED)])
def test_a_library_for_the_other_api_that_no_page_needs_passes(facts: Facts) -> None:
    check(facts, base("jakarta"), "tomcat:10.1")


@pytest.mark.parametrize(
    ("facts", "servlet", "java"),
    [
        (Facts(), "jakarta", 8),
        (Facts("javax", "A", 25, "A"), "", 0),
        (Facts("javax", "A", 8, "A"), "javax", 17),
        (Facts("jakarta", "A", 17, "A"), "jakarta", 17),
    ],
)
def test_what_fits_and_what_nothing_tells_passes(facts: Facts, servlet: str, java: int) -> None:
    check(facts, base(servlet, java), "tomcat:x")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.8.0_402", 8),
        ("jdk8u402-b06", 8),
        ("8u402", 8),
        ("11.0.22", 11),
        ("jdk-17.0.9+9", 17),
        ("21", 21),
        ("1", 1),
        ("", 0),
        ("latest", 0),
    ],
)
def test_javas_own_ways_to_write_its_version(text: str, version: int) -> None:
    assert image_facts.java_version(text) == version


def test_the_version_is_in_the_release_file_or_in_the_manifest_of_an_old_library() -> None:
    assert image_facts.java_of_release(b'IMPLEMENTOR="X"\nJAVA_VERSION="17.0.21"\nJAVA_VERSION_DATE="2026"\n') == 17
    assert image_facts.java_of_release(b"") == 0
    manifest = b"Manifest-Version: 1.0\r\nSpecification-Version: 1.8\r\n"
    assert image_facts.java_of_manifest(zipped({"META-INF/MANIFEST.MF": manifest})) == 8
    assert image_facts.java_of_manifest(zipped({"a": b""})) == image_facts.java_of_manifest(b"") == 0


@pytest.mark.parametrize("api", ["javax", "jakarta"])
def test_the_servlet_api_is_read_from_the_entries_of_its_jar(api: str) -> None:
    assert image_facts.api_of_jar(zipped({f"{api}/servlet/Servlet.class": class_file()})) == api


@pytest.mark.parametrize("jar", [b"", b"no jar", zipped({"com/javax/servlet/A.class": b""})])
def test_a_jar_that_is_none_tells_no_api(jar: bytes) -> None:
    assert image_facts.api_of_jar(jar) == ""


def test_replicated_sessions_need_a_tomcat_whose_clustering_ours_fits() -> None:
    valves = Library(b"jar", frozenset({BEGUN, ELSEWHERE}))
    whole = Library(b"jar", valves.classes | {CLUSTER})
    check_sessions("replicated", whole, "tomcat:9.0")
    check_sessions("sticky", Library(), "tomcat:7.0")
    with pytest.raises(BuildError, match=r"replicated, and the Tomcat of tomcat:7\.0 cannot") as caught:
        check_sessions("replicated", valves, "tomcat:7.0")
    assert "sticky" in caught.value.remedy
