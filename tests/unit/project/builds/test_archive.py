"""Prebuilt WARs, read without unpacking them."""

from __future__ import annotations

import zipfile
from pathlib import Path

from hookserver.project import inspect_project
from tests.unit.project.trees import cpu_seconds, plant


def test_prebuilt_war_shows_its_api_and_its_java_level(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "shop.war", "w") as war:
        war.writestr(
            "WEB-INF/classes/Shop.class", b"\xca\xfe\xba\xbe\x00\x00\x00\x3dxxjakarta/servlet/http/HttpServlet"
        )
        war.writestr("WEB-INF/lib/spring-webmvc-6.2.1.jar", b"")
        war.writestr("WEB-INF/web.xml", '<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0"/>')
    project = inspect_project(tmp_path)
    build = project.builds[0]
    assert (build.kind, [level.value for level in build.java]) == ("war", ["17"])
    assert {found.value for found in project.api} == {"jakarta"}
    assert len(project.api) == 3


def test_classes_for_newer_javas_do_not_raise_the_level(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "shop.war", "w") as war:
        for name, version in (("Shop", 52), ("META-INF/versions/17/Shop", 61), ("module-info", 53)):
            war.writestr(f"WEB-INF/classes/{name}.class", b"\xca\xfe\xba\xbe\x00\x00\x00" + bytes([version, 0]))
    assert [level.value for level in inspect_project(tmp_path).builds[0].java] == ["8"]


def test_invalid_war_is_reported(tmp_path: Path) -> None:
    build = inspect_project(plant(tmp_path, {"deploy/shop.war": "not a zip"})).builds[0]
    assert any("cannot be read as a WAR" in note for note in build.notes)


def test_war_of_huge_classes_is_read_quickly(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "shop.war", "w", zipfile.ZIP_DEFLATED) as war:
        for number in range(5):
            war.writestr(f"WEB-INF/classes/C{number}.class", b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + b"\0" * (20 << 20))
    began = cpu_seconds()
    assert [level.value for level in inspect_project(tmp_path).builds[0].java] == ["8"]
    assert cpu_seconds() - began < 2


def test_long_names_of_jars_are_read_quickly(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "shop.war", "w", zipfile.ZIP_DEFLATED) as war:
        for number in range(20):
            war.writestr(f"WEB-INF/lib/{number}{'-1' * 30_000}", b"")
    began = cpu_seconds()
    assert inspect_project(tmp_path).builds[0].dependencies == ()
    assert cpu_seconds() - began < 2
