"""The ``web.xml`` of a project and the folder of its pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project.findings import Build, Evidence
from hookserver.project.folder import Folder
from hookserver.project.web_app import WebApp, find_web_app
from tests.unit.project.trees import plant

JAKARTA = '<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0"/>'
JAVAX = '<web-app xmlns="http://xmlns.jcp.org/xml/ns/javaee" version="4.0"/>'


def found(root: Path, files: dict[str, str], war: str = "") -> WebApp:
    build = Build("maven", "", wars=(Evidence(war, ""),)) if war else None
    return find_web_app(Folder(plant(root, files)), build)


@pytest.mark.parametrize(("text", "api", "version"), [(JAKARTA, "jakarta", "6.0"), (JAVAX, "javax", "4.0")])
def test_descriptor_shows_api_and_version(tmp_path: Path, text: str, api: str, version: str) -> None:
    web_app = found(tmp_path, {"src/main/webapp/WEB-INF/web.xml": text})
    assert (web_app.pages, web_app.api, web_app.version) == ("src/main/webapp", api, version)


def test_module_of_the_war_is_preferred(tmp_path: Path) -> None:
    files = {f"{module}src/main/webapp/WEB-INF/web.xml": "<web-app/>" for module in ("", "web/")}
    assert found(tmp_path, files, "web/target/*.war").path == "web/src/main/webapp/WEB-INF/web.xml"
    assert found(tmp_path, files, "shop.war").path == "src/main/webapp/WEB-INF/web.xml"


def test_pages_are_found_without_a_descriptor(tmp_path: Path) -> None:
    files = {"WebContent/index.jsp": "hi"}
    web_app = found(tmp_path, files)
    assert (web_app.pages, web_app.web_xml, web_app.api, web_app.texts("servlet")) == ("WebContent", None, "", [])
    assert web_app.page(Folder(tmp_path), "index.jsp") == "WebContent/index.jsp"
    assert web_app.page(Folder(tmp_path), "other.jsp") == ""


def test_descriptor_in_an_unusual_folder_is_found(tmp_path: Path) -> None:
    assert found(tmp_path, {"shop/www/WEB-INF/web.xml": "<web-app/>"}).pages == "shop/www"


def test_empty_folder_has_no_pages(tmp_path: Path) -> None:
    assert found(tmp_path, {}) == WebApp("", "", None)
