"""javax or jakarta, and which Java: read from the bytes."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from hookserver.builders.wars.facts import WarFacts, merge, read_libraries, read_own


def class_file(*names: str, java: int = 17) -> bytes:
    """Enough of a class file: magic, version, and the names in its constant pool."""
    return b"\xca\xfe\xba\xbe\x00\x00" + (44 + java).to_bytes(2, "big") + b"".join(name.encode() for name in names)


def zipped(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # a fixed time: test names hold the bytes
    return target.getvalue()


def facts_of(files: dict[str, bytes], tmp_path: Path) -> WarFacts:
    with zipfile.ZipFile(io.BytesIO(zipped(files))) as war:
        library = [entry for entry in war.infolist() if entry.filename.startswith("WEB-INF/lib/")]
        rest = [entry for entry in war.infolist() if entry not in library]
        return merge(read_own(war, rest), read_libraries(war, library, tmp_path))


WEB_XML = "WEB-INF/web.xml"
JAVAX, JAKARTA = class_file("javax/servlet/http/HttpServlet"), class_file("jakarta/servlet/http/HttpServlet")


@pytest.mark.parametrize(("content", "api"), [(JAVAX, "javax"), (JAKARTA, "jakarta"), (class_file("java/lang"), "")])
def test_classes_of_the_app_decide_the_servlet_api(content: bytes, api: str, tmp_path: Path) -> None:
    facts = facts_of({"WEB-INF/classes/shop/Cart.class": content}, tmp_path)
    assert (facts.servlet, facts.servlet_source) == (api, "shop/Cart.class" if api else "")


def test_page_decides_the_servlet_api(tmp_path: Path) -> None:
    assert facts_of({"a.jsp": b'<%@ page import="javax.servlet.http.*" %>'}, tmp_path).servlet == "javax"
    assert facts_of({"a.jsp": b'<%@ taglib uri="http://java.sun.com/jsp/jstl/core" %>'}, tmp_path).servlet == ""


@pytest.mark.parametrize(
    ("page", "api"),
    [
        ('<%@ page import="java.util.*, javax.servlet.http.*" %>', "javax"),
        ("<%@page extends='javax.servlet.jsp.HttpJspPage'%>", "javax"),
        ('<%@ tag import="jakarta.servlet.http.HttpSession" %>', "jakarta"),
        ('<%@ attribute name="a" type="javax.servlet.http.Cookie" %>', "javax"),
        ('<jsp:useBean id="c" class="javax.servlet.http.Cookie"/>', "javax"),
        ('<jsp:directive.page import="javax.servlet.http.Cookie"/>', "javax"),
        ("<jsp:scriptlet>javax.servlet.http.Cookie c;</jsp:scriptlet>", "javax"),
        ('<% String a = "//"; javax.servlet.http.Cookie[] all = request.getCookies(); %>', "javax"),
        ("<!-- <%= javax.servlet.DispatcherType.ERROR %> -->", "javax"),
        ("${requestScope['javax.servlet.error.message']}", ""),
        ('<%= request.getAttribute("javax.servlet.error.message") %>', ""),
        ("<c:out value=\"${requestScope['javax.servlet.error.message']}\"/>", ""),
        ('<%-- was <%@ page import="javax.servlet.jsp.*" --%>', ""),
        ("<% // javax.servlet.http.Cookie\n /* javax.servlet.http.Cookie */ %>", ""),
        ("<p>javax.servlet.http.Cookie</p>", ""),
    ],
)
def test_only_compiled_code_of_a_page_counts(page: str, api: str, tmp_path: Path) -> None:
    assert facts_of({"a.jsp": page.encode()}, tmp_path).servlet == api


@pytest.mark.parametrize(
    ("name", "text", "api"),
    [
        (WEB_XML, "<servlet><servlet-class>\njavax.faces.webapp.FacesServlet </servlet-class></servlet>", "javax"),
        (WEB_XML, "<servlet><servlet-class>jakarta.faces.webapp.FacesServlet</servlet-class></servlet>", "jakarta"),
        (WEB_XML, "<!-- <filter-class>javax.servlet.Filter</filter-class> -->", ""),
        (WEB_XML, "<listener><listener-class>shop.javax.Start</listener-class></listener>", ""),
        (WEB_XML, "<error-page><exception-type>javax.servlet.ServletException</exception-type></error-page>", ""),
        (WEB_XML, "<filter-class>javax.servlet.Filter", ""),
        (
            "WEB-INF/tags/c.tld",
            "<listener><listener-class>javax.servlet.jsp.Start</listener-class></listener>",
            "javax",
        ),
        ("WEB-INF/tags/c.tld", "<tag><tag-class>javax.servlet.jsp.jstl.Out</tag-class></tag>", ""),
        ("WEB-INF/classes/web.xml", "<filter-class>javax.servlet.Filter</filter-class>", ""),
    ],
)
def test_classes_that_tomcat_loads_for_a_descriptor_count(name: str, text: str, api: str, tmp_path: Path) -> None:
    for namespace in ("", ' xmlns="https://jakarta.ee/xml/ns/jakartaee"', ' xmlns="http://java.sun.com/xml/ns/javaee"'):
        facts = facts_of({name: f"<web-app{namespace}>{text}</web-app>".encode()}, tmp_path)
        assert (facts.servlet, facts.servlet_source) == (api, name if api else "")


def test_libraries_decide_when_the_app_uses_neither_api(tmp_path: Path) -> None:
    spring = zipped({f"org/springframework/web/{n}.class": JAKARTA for n in range(50)})
    facts = facts_of({"WEB-INF/classes/A.class": class_file(), "WEB-INF/lib/web.jar": spring}, tmp_path)
    assert (facts.servlet, facts.servlet_source) == ("jakarta", "web.jar: org/springframework/web/0.class")


def test_library_with_both_apis_does_not_overrule_the_app(tmp_path: Path) -> None:
    both = zipped({"a/A.class": JAVAX, "a/B.class": JAKARTA})
    assert facts_of({"WEB-INF/lib/both.jar": both}, tmp_path).servlet == ""
    assert facts_of({"WEB-INF/classes/A.class": JAVAX, "WEB-INF/lib/both.jar": both}, tmp_path).servlet == "javax"


def test_file_name_decides_nothing(tmp_path: Path) -> None:
    files = {"WEB-INF/lib/javax.servlet-api-4.0.jar": zipped({"a/A.class": class_file()})}
    assert facts_of(files, tmp_path).servlet == ""


def test_newest_class_of_the_app_decides_its_java(tmp_path: Path) -> None:
    files = {"WEB-INF/classes/A.class": class_file(java=8), "WEB-INF/classes/B.class": class_file(java=21)}
    facts = facts_of(files, tmp_path)
    assert (facts.java, facts.java_source) == (21, "B.class")


def test_spare_classes_of_the_app_for_newer_javas_do_not_count(tmp_path: Path) -> None:
    files = {
        "WEB-INF/classes/A.class": class_file(java=8),
        "WEB-INF/classes/META-INF/versions/17/A.class": class_file(java=17),
        "WEB-INF/classes/module-info.class": class_file(java=9),
    }
    assert facts_of(files, tmp_path).java == 8


def test_spare_classes_of_a_library_for_newer_javas_do_not_count(tmp_path: Path) -> None:
    jar = zipped(
        {
            "a/A.class": class_file(java=8),
            "a/B.class": class_file(java=8),
            "a/Spare.class": class_file(java=21),
            "META-INF/versions/21/a/A.class": class_file(java=21),
            "module-info.class": class_file(java=9),
        }
    )
    assert facts_of({"WEB-INF/lib/a.jar": jar}, tmp_path).java == 8


@pytest.mark.parametrize("junk", [b"", b"no jar", zipped({"a/A.class": b"no class"})])
def test_unreadable_content_has_no_facts(junk: bytes, tmp_path: Path) -> None:
    assert facts_of({"WEB-INF/lib/x.jar": junk, "WEB-INF/classes/A.class": junk}, tmp_path) == WarFacts()


def test_tag_libraries_have_the_api_of_their_jar_and_pages_the_tags_they_use(tmp_path: Path) -> None:
    jar = zipped(
        {"org/tags/Out.class": JAVAX, "META-INF/c.tld": b"<taglib><uri> http://example.com/tags </uri></taglib>"}
    )
    page = b'<%@ taglib prefix="c"\n uri="http://example.com/tags" %><p xmlns:x=\'urn:other\'/>'
    facts = facts_of({"a.jsp": page, "b.jsp": page, "WEB-INF/lib/tags.jar": jar}, tmp_path)
    assert facts.tags == (("http://example.com/tags", "tags.jar", "javax"),)
    assert facts.pages == (("http://example.com/tags", "a.jsp"), ("urn:other", "a.jsp"))
