"""POMs: modules, parents, profiles and properties in the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project import inspect_project
from tests.unit.project.trees import plant, pom

WEB = "<modules><module>web</module></modules>"


def profile(name: str, inside: str) -> str:
    return f"<profiles><profile><id>{name}</id>{inside}</profile></profiles>"


@pytest.mark.parametrize(
    "inside",
    [
        f"{WEB}<activation><activeByDefault>true</activeByDefault></activation>",
        f"{WEB}<activation><property><name>!light</name></property></activation>",
    ],
)
def test_active_profile_is_not_named_in_the_command(tmp_path: Path, inside: str) -> None:
    files = {"pom.xml": pom(profile("full", inside), "parent", "pom"), "web/pom.xml": pom("", "web")}
    build = inspect_project(plant(tmp_path, files)).builds[0]
    assert ([war.value for war in build.wars], build.command) == (["web/target/*.war"], ())


def test_modules_and_parents_stay_in_the_folder_and_end(tmp_path: Path) -> None:
    plant(tmp_path / "outside", {"pom.xml": pom("", "outside")})
    modules = "".join(f"<module>{name}</module>" for name in ("../outside", ".", "web", "/etc", "web/../web"))
    parent = (
        "<parent><groupId>corner</groupId><artifactId>shop</artifactId><version>1.0</version>"
        "<relativePath>./pom.xml</relativePath></parent>"
    )
    root = plant(
        tmp_path / "inside",
        {"pom.xml": pom(f"{parent}<modules>{modules}</modules>"), "web/pom.xml": pom("", "web")},
    )
    build = inspect_project(root).builds[0]
    assert build.modules == ("web",)


def test_properties_that_refer_to_each_other_end(tmp_path: Path) -> None:
    loop = (
        "<properties><a>${b}${b}</a><b>${a}${a}</b><maven.compiler.release>${a}</maven.compiler.release></properties>"
    )
    assert inspect_project(plant(tmp_path, {"pom.xml": pom(loop)})).builds[0].java == ()
