"""The values of names in Gradle builds: properties and the version catalog."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project import Project, inspect_project
from tests.unit.project.trees import CATALOG, plant

WAR = "apply plugin: 'war'\n"


def apis(project: Project) -> set[str]:
    return {found.value for found in project.api}


def levels(project: Project) -> list[str]:
    return [level.value for level in project.builds[0].java]


def test_version_catalog_names_plugins_and_the_java_level(tmp_path: Path) -> None:
    files = {
        "build.gradle.kts": """
            plugins {
                war
                alias(libs.plugins.spring.boot)
            }
            java { toolchain { languageVersion = JavaLanguageVersion.of(libs.versions.java.get().toInt()) } }
        """,
        CATALOG: """
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


def test_version_catalog_names_the_servlet_api(tmp_path: Path) -> None:
    catalogue = '[versions]\nservlet = "6.0.0"\n[libraries]\n'
    catalogue += 'api = { module = "jakarta.servlet:jakarta.servlet-api", version.ref = "servlet" }\n'
    files = {"build.gradle": "plugins { id 'war' }", "gradle/libs.versions.toml": catalogue}
    assert [found.value for found in inspect_project(plant(tmp_path, files)).api] == ["jakarta"]


def test_catalog_library_has_the_scope_of_its_use(tmp_path: Path) -> None:
    files = {
        "build.gradle": f"{WAR}dependencies {{\n  runtimeOnly libs.h2.database\n  implementation(libs.spring.web)\n}}",
        CATALOG: '[libraries]\nh2_database = "com.h2database:h2:2.2"\n'
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
def test_library_version_can_be_a_name(tmp_path: Path, files: dict[str, str], api: str) -> None:
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
def test_java_level_can_be_a_name(tmp_path: Path, line: str) -> None:
    assert levels(
        inspect_project(plant(tmp_path, {"gradle.properties": "javaVersion=21\n", "build.gradle": WAR + line}))
    ) == ["21"]


def test_names_that_refer_to_each_other_end(tmp_path: Path) -> None:
    text = f'{WAR}ext {{ a = "$b$b$b$b"; b = "$a$a$a$a" }}\nimplementation "org.springframework:spring-web:$a"'
    assert apis(inspect_project(plant(tmp_path, {"build.gradle": text}))) == set()


def test_broken_version_catalog_is_reported(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, {"build.gradle": WAR, CATALOG: "[versions"}))
    assert [note.partition(":")[0] for note in project.notes] == [f"{CATALOG} is not TOML"]


def test_catalog_plugin_can_be_one_string(tmp_path: Path) -> None:
    catalog = '[plugins]\nboot = "org.springframework.boot:3.3.4"\n'
    files = {"build.gradle": "plugins { id 'war'\n alias(libs.plugins.boot) }", CATALOG: catalog}
    assert apis(inspect_project(plant(tmp_path, files))) == {"jakarta"}
