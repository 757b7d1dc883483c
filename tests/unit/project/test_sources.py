"""The search in the sources of the program."""

from __future__ import annotations

from pathlib import Path

from hookserver.project import inspect_project
from hookserver.project.folder import Folder
from hookserver.project.sources import scan_sources
from tests.unit.project.trees import plant, pom, servlet


def test_comments_and_tests_do_not_count(tmp_path: Path) -> None:
    files = {
        "pom.xml": pom(""),
        "src/main/java/Shop.java": "/*\nimport javax.servlet.http.HttpServlet;\n*/\n// @Scheduled\nclass Shop {}",
        "src/test/java/ShopTest.java": servlet("javax"),
        "src/main/webapp/index.jsp": '<%-- <%@ page import="javax.servlet.http.*" %> --%>',
    }
    project = inspect_project(plant(tmp_path, files))
    assert (project.api, project.cautions) == ((), ())


def test_hits_count_files_and_keep_the_first_texts(tmp_path: Path) -> None:
    files = {f"src/main/java/J{n}.java": '@Scheduled void a() {} String u = "jdbc:h2:mem:a";' for n in range(25)}
    hits = scan_sources(Folder(plant(tmp_path, files)))
    assert (hits["jdbc"].files, len(hits["jdbc"].first)) == (25, 20)
    assert str(hits["scheduled"]) == "src/main/java/J0.java and 24 more"
    assert not hits["quartz"]


def test_quotes_hide_comment_signs(tmp_path: Path) -> None:
    files = {"src/main/java/A.java": 'String u = "http://x"; String d = "jdbc:h2:mem:a"; // "jdbc:h2:mem:b"'}
    hits = scan_sources(Folder(plant(tmp_path, files)))
    assert [hit.text for hit in hits["jdbc"].first] == ["jdbc:h2:mem:a"]
