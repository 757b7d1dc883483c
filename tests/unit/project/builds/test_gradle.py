"""Gradle projects, read as text: what names stand for, which file speaks for which project, and where WARs come out."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project import Project, inspect_project
from tests.unit.project.trees import plant, wrapped

CATALOGUE = "gradle/libs.versions.toml"
WAR = "apply plugin: 'war'\n"


def wars(project: Project) -> list[str]:
    return [war.value for war in project.builds[0].wars]


def levels(project: Project) -> list[str]:
    return [level.value for level in project.builds[0].java]


def apis(project: Project) -> set[str]:
    return {found.value for found in project.api}


def test_a_version_catalogue_tells_plugins_and_the_java_level(tmp_path: Path) -> None:
    files = {
        "build.gradle.kts": """
            plugins {
                war
                alias(libs.plugins.spring.boot)
            }
            java { toolchain { languageVersion = JavaLanguageVersion.of(libs.versions.java.get().toInt()) } }
        """,
        CATALOGUE: """
            [versions]
            java = "21"
            boot = { strictly = "2.7.18" }
            [plugins]
            spring-boot = { id = "org.springframework.boot", version.ref = "boot" }
        """,
    }
    project = inspect_project(plant(tmp_path, files))
    assert (apis(project), levels(project)) == ({"javax"}, ["21"])
    assert project.builds[0].builder_java is not None
    assert "spring-boot 2.7.18 (plugin in build.gradle.kts)" in {found.where for found in project.api}


def test_a_catalogues_library_has_the_scope_of_its_use(tmp_path: Path) -> None:
    files = {
        "build.gradle": f"{WAR}dependencies {{\n  runtimeOnly libs.h2.database\n  implementation(libs.spring.web)\n}}",
        CATALOGUE: '[libraries]\nh2_database = "com.h2database:h2:2.2"\n'
        'spring-web = { group = "org.springframework", name = "spring-web", version = "5.3.20" }\n'
        'servlet = "jakarta.servlet:jakarta.servlet-api:6.0.0"\n',
    }
    found = {str(library): library.scope for library in inspect_project(plant(tmp_path, files)).builds[0].dependencies}
    assert found == {"h2 2.2": "", "spring-web 5.3.20": "", "jakarta.servlet-api 6.0.0": "provided"}


@pytest.mark.parametrize(
    ("files", "api"),
    [
        (
            {
                "gradle.properties": "v=5.3.20",
                "build.gradle": 'implementation "org.springframework:spring-webmvc:${v}"',
            },
            "javax",
        ),
        ({"build.gradle": "ext { v = '6.1.1' }\nimplementation \"org.springframework:spring-webmvc:$v\""}, "jakarta"),
        (
            {"build.gradle": "ext.v = '6.1.1'\nimplementation \"org.springframework:spring-webmvc:${project.v}\""},
            "jakarta",
        ),
        (
            {"build.gradle.kts": 'val v by extra("6.1.1")\nimplementation("org.springframework:spring-webmvc:$v")'},
            "jakarta",
        ),
        (
            {
                "gradle.properties": "v=5.3.20",
                "build.gradle.kts": 'implementation("org.springframework:spring-webmvc:${property("v")}")',
            },
            "javax",
        ),
        (
            {
                "build.gradle": "buildscript {\n ext { bootVersion='2.7.5' }\n dependencies {\n"
                '  classpath("org.springframework.boot:spring-boot-gradle-plugin:${bootVersion}")\n }\n}'
            },
            "javax",
        ),
        (
            {
                "gradle.properties": "boot=3.3.1",
                "settings.gradle": "pluginManagement { plugins { id 'org.springframework.boot' version \"${boot}\" } }",
                "build.gradle": "plugins { id 'org.springframework.boot' }",
            },
            "jakarta",
        ),
        ({"build.gradle": "compileOnly group: 'javax.servlet', name: 'javax.servlet-api', version: '4.0.1'"}, "javax"),
        ({"build.gradle": "dependencies { providedCompile 'jakarta.servlet:jakarta.servlet-api:6.0.0' }"}, "jakarta"),
    ],
)
def test_a_librarys_version_may_have_a_name(tmp_path: Path, files: dict[str, str], api: str) -> None:
    assert apis(inspect_project(plant(tmp_path, files))) == {api}


@pytest.mark.parametrize(
    "line",
    [
        "sourceCompatibility = javaVersion",
        "sourceCompatibility = JavaVersion.toVersion(javaVersion)",
        'targetCompatibility = "${javaVersion}"',
        "java { toolchain { languageVersion = JavaLanguageVersion.of(javaVersion.toInteger()) } }",
        "options.release = project.property('javaVersion')",
        "kotlin { jvmToolchain(rootProject.javaVersion) }",
    ],
)
def test_a_java_level_may_have_a_name(tmp_path: Path, line: str) -> None:
    assert levels(
        inspect_project(plant(tmp_path, {"gradle.properties": "javaVersion=21\n", "build.gradle": WAR + line}))
    ) == ["21"]


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
def test_the_ways_to_apply_the_war_plugin(tmp_path: Path, text: str) -> None:
    assert wars(inspect_project(plant(tmp_path, {"build.gradle.kts": text}))) == ["build/libs/*.war"]


@pytest.mark.parametrize("text", ["plugins { id 'war' apply false }", "war {\n}", "plugins { java }", "// id 'war'"])
def test_what_does_not_apply_it(tmp_path: Path, text: str) -> None:
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
def test_plugins_that_the_build_brings_speak_for_who_applies_them(tmp_path: Path, settings: str, place: str) -> None:
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


def test_the_build_file_of_the_builds_own_plugins_tells_which_spring_boot_it_is(tmp_path: Path) -> None:
    files = {
        "build.gradle": "plugins { id 'war'; id 'org.springframework.boot' }",
        "buildSrc/build.gradle": "dependencies {\n"
        "  implementation 'org.springframework.boot:spring-boot-gradle-plugin:2.7.5'\n}",
    }
    project = inspect_project(plant(tmp_path, files))
    assert apis(project) == {"javax"}
    assert not any(library.is_shipped for library in project.builds[0].dependencies)


@pytest.mark.parametrize("name", ["build.gradle", "build.gradle.kts", "web.gradle", "web.gradle.kts"])
def test_a_modules_file_may_have_its_name(tmp_path: Path, name: str) -> None:
    assert wars(
        inspect_project(plant(tmp_path, {"settings.gradle": "include ':web'", f"web/{name}": 'plugins { id("war") }'}))
    ) == ["web/build/libs/*.war"]


@pytest.mark.parametrize(
    "said",
    [
        "file('modules/web')",
        'file("$rootDir/modules/web")',
        "new File(settingsDir, 'modules/web')",
        'File(rootDir, "./modules/web")',
    ],
)
def test_a_module_may_lie_elsewhere(tmp_path: Path, said: str) -> None:
    settings = f"include ':web'\nproject(':web').projectDir = {said}\n"
    project = inspect_project(plant(tmp_path, {"settings.gradle": settings, "modules/web/web.gradle": WAR}))
    assert (wars(project), project.builds[0].modules) == (["modules/web/build/libs/*.war"], ("modules/web",))


def test_a_module_outside_the_folder_is_told(tmp_path: Path) -> None:
    settings = "include 'web'\nproject(':web').projectDir = file('../web')\n"
    assert (
        "the project web lies outside this folder, at ../web"
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
def test_what_the_top_says_for_others_is_theirs(tmp_path: Path, block: str, made: list[str]) -> None:
    files = {"settings.gradle": "include 'core', 'web'", "build.gradle": f"{block}\n"}
    assert wars(inspect_project(plant(tmp_path, files))) == made


def test_a_name_of_the_war_with_a_version_may_be_any(tmp_path: Path) -> None:
    for name, war in (("shop.war", "shop.war"), ("shop-${version}.war", "*.war")):
        text = f'version = "1.0"\n{WAR}war {{ archiveFileName = "{name}" }}'
        assert wars(inspect_project(plant(tmp_path / war[0], {"build.gradle": text}))) == [f"build/libs/{war}"]


def test_names_that_stand_for_themselves_end(tmp_path: Path) -> None:
    text = f'{WAR}ext {{ a = "$b$b$b$b"; b = "$a$a$a$a" }}\nimplementation "org.springframework:spring-web:$a"'
    assert apis(inspect_project(plant(tmp_path, {"build.gradle": text}))) == set()


def test_what_is_left_of_a_wrapper_tells_the_gradle_that_the_image_must_have(tmp_path: Path) -> None:
    left = {name: text for name, text in wrapped("7.6").items() if name.endswith(".properties")}
    build = inspect_project(plant(tmp_path, {"build.gradle": "plugins { id 'war' }\n", **left})).builds[0]
    assert build.builder_tool is not None
    assert (build.builder_tool.value, build.wrapper) == ("7.6", "")
