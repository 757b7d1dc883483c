"""The build files of a Gradle build, and the parts of them that configure each project."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project import Project, inspect_project
from tests.unit.project.trees import plant

WAR = "apply plugin: 'war'\n"


def wars(project: Project) -> list[str]:
    return [war.value for war in project.builds[0].wars]


def levels(project: Project) -> list[str]:
    return [level.value for level in project.builds[0].java]


@pytest.mark.parametrize(
    "text",
    [
        "plugins { war }",
        "plugins { java; war }",
        "plugins {\n  `war`\n}",
        "plugins { id 'java'; id 'war' }",
        'plugins { id("war") }',
        'apply(plugin = "war")',
        "apply plugin: WarPlugin",
        'apply { plugin("war") }',
    ],
)
def test_war_plugin_is_found_in_each_notation(tmp_path: Path, text: str) -> None:
    assert wars(inspect_project(plant(tmp_path, {"build.gradle.kts": text}))) == ["build/libs/*.war"]


@pytest.mark.parametrize("text", ["plugins { id 'war' apply false }", "war {\n}", "plugins { java }", "// id 'war'"])
def test_war_plugin_that_is_not_applied_does_not_count(tmp_path: Path, text: str) -> None:
    build = inspect_project(plant(tmp_path, {"build.gradle": text})).builds[0]
    assert build.wars == ()
    assert "plugins that are classes are not read" in build.notes[0]


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ("", "buildSrc/src/main/groovy/shop.web-conventions.gradle"),
        ("", "buildSrc/src/main/kotlin/shop/web-conventions.gradle.kts"),
        ("includeBuild 'build-logic'\n", "build-logic/src/main/groovy/shop.web-conventions.gradle"),
        ('pluginManagement { includeBuild("tools") }\n', "tools/web/src/main/kotlin/shop.web-conventions.gradle.kts"),
    ],
)
def test_own_plugins_configure_the_projects_that_apply_them(tmp_path: Path, settings: str, place: str) -> None:
    base = place.replace("web-conventions", "base-conventions")
    files = {
        "settings.gradle": f"{settings}include 'core', 'web'\n",
        "core/build.gradle": "plugins { id 'shop.base-conventions' }",
        "web/build.gradle": "plugins { id 'shop.web-conventions' }",
        base: "java { toolchain { languageVersion = JavaLanguageVersion.of(17) } }",
        place: "plugins { id 'war'; id 'shop.base-conventions' }",
    }
    project = inspect_project(plant(tmp_path, files))
    assert (wars(project), levels(project)) == (["web/build/libs/*.war"], ["17"])
    assert project.builds[0].wars[0].where == f"the war plugin in {place}, read as text"


@pytest.mark.parametrize("name", ["build.gradle", "build.gradle.kts", "web.gradle", "web.gradle.kts"])
def test_build_file_can_have_the_name_of_its_project(tmp_path: Path, name: str) -> None:
    assert wars(
        inspect_project(plant(tmp_path, {"settings.gradle": "include ':web'", f"web/{name}": 'plugins { id("war") }'}))
    ) == ["web/build/libs/*.war"]


@pytest.mark.parametrize(
    "folder",
    [
        "file('modules/web')",
        'file("$rootDir/modules/web")',
        "new File(settingsDir, 'modules/web')",
        'File(rootDir, "./modules/web")',
    ],
)
def test_project_folder_can_be_set(tmp_path: Path, folder: str) -> None:
    settings = f"include ':web'\nproject(':web').projectDir = {folder}\n"
    project = inspect_project(plant(tmp_path, {"settings.gradle": settings, "modules/web/web.gradle": WAR}))
    assert (wars(project), project.builds[0].modules) == (["modules/web/build/libs/*.war"], ("modules/web",))


def test_project_outside_the_folder_is_reported(tmp_path: Path) -> None:
    settings = "include 'web'\nproject(':web').projectDir = file('../web')\n"
    assert (
        "the project web is outside this folder, at ../web"
        in inspect_project(plant(tmp_path, {"settings.gradle": settings})).notes
    )


@pytest.mark.parametrize(
    ("block", "made"),
    [
        ("project(':web') { apply plugin: 'war' }", ["web/build/libs/*.war"]),
        ("configure(project(':web')) {\n  dependencies { x }\n  apply plugin: 'war'\n}", ["web/build/libs/*.war"]),
        ("subprojects {\n  apply plugin: 'war'\n}", ["core/build/libs/*.war", "web/build/libs/*.war"]),
        ("allprojects { apply plugin: 'java' }\napply plugin: 'war'", ["build/libs/*.war"]),
        (
            "dependencies {\n  implementation project(':web') {\n  transitive = false }\n}\napply plugin: 'war'",
            ["build/libs/*.war"],
        ),
    ],
)
def test_block_for_other_projects_configures_only_those(tmp_path: Path, block: str, made: list[str]) -> None:
    files = {"settings.gradle": "include 'core', 'web'", "build.gradle": f"{block}\n"}
    assert wars(inspect_project(plant(tmp_path, files))) == made
