"""Real Gradle builds, by the Gradle that a distribution packages."""

from __future__ import annotations

import pytest

from hookserver.errors import BuildError
from tests.integration.builders.conftest import CA_BUNDLE, BuildSite
from tests.unit.builders.wars.test_facts import zipped

IMAGE = "gradle:4.4-jdk17"
BUILD = {"image": IMAGE, **({"ca_bundle": str(CA_BUNDLE)} if CA_BUNDLE.exists() else {})}
SOURCE: dict[str, str | bytes] = {
    "settings.gradle": 'rootProject.name = "root"\ninclude "core", "web"\n',
    "core/build.gradle": 'apply plugin: "java"\n',
    "core/src/main/java/shop/Item.java": "package shop; public class Item { }",
    "web/build.gradle": 'apply plugin: "war"\ndependencies { compile project(":core") }\n',
    "web/src/main/java/shop/Cart.java": "package shop; public class Cart { Item item; }",
    "web/src/main/webapp/index.html": "shop",
    "web/src/main/webapp/WEB-INF/web.xml": "<web-app/>",
}
WRAPPER: dict[str, str | bytes] = {
    "gradlew": '#!/bin/sh\r\necho "wrapped: $*"\r\nexec gradle "$@"\r\n',
    "gradle/wrapper/gradle-wrapper.properties": "distributionUrl=x\n",
    "gradle/wrapper/gradle-wrapper.jar": zipped({"a": b""}),
}


def test_war_of_one_module_of_several_is_found(site: BuildSite) -> None:
    image, log = site.build(site.job(SOURCE, build=BUILD))
    assert "settings.gradle: gradle" in log
    assert "$ gradle --no-daemon --console=plain assemble" in log
    assert "the WAR: web/build/libs/web.war" in log
    assert image.startswith("sha256:")
    assert site.containers() == []


def test_compile_error_is_shown_with_file_and_line(site: BuildSite) -> None:
    broken = {**SOURCE, "web/src/main/java/shop/Cart.java": "package shop;\npublic class Cart { Basket items; }"}
    with pytest.raises(BuildError) as caught:
        site.build(site.job(broken, build=BUILD))
    assert "shop/Cart.java:2: error: cannot find symbol" in caught.value.problem
    assert "Execution failed for task ':web:compileJava'" in caught.value.problem
    assert "--stacktrace" not in caught.value.problem


def test_wrapper_with_line_ends_of_windows_is_used(site: BuildSite) -> None:
    _, log = site.build(site.job({**SOURCE, **WRAPPER}, build=BUILD))
    assert "$ ./gradlew --no-daemon" in log
    assert "wrapped: --no-daemon --console=plain assemble" in log


def test_wrapper_without_its_jar_is_not_used_and_the_log_says_so(site: BuildSite) -> None:
    files = {name: content for name, content in WRAPPER.items() if not name.endswith(".jar")}
    _, log = site.build(site.job({**SOURCE, **files}, build=BUILD))
    assert "./gradlew is not used: gradle/wrapper/gradle-wrapper.jar is missing" in log


def test_wrapper_that_cannot_download_its_gradle_gets_the_remedy(site: BuildSite) -> None:
    says = """#!/bin/sh
echo 'Exception in thread "main" java.net.UnknownHostException: services.example.com' >&2
echo '\tat org.gradle.wrapper.Download.downloadInternal(Download.java:87)' >&2
exit 1
"""
    with pytest.raises(BuildError, match=r"UnknownHostException: services\.example\.com") as caught:
        site.build(site.job({**SOURCE, **WRAPPER, "gradlew": says}, build=BUILD))
    assert "distributionUrl" in caught.value.remedy
    assert 'build.command = ["gradle", "--no-daemon", "assemble"]' in caught.value.remedy


def test_several_wars_are_refused_and_the_named_one_is_accepted(site: BuildSite) -> None:
    two = {**SOURCE, "core/build.gradle": 'apply plugin: "war"\n'}
    with pytest.raises(BuildError, match=r"several WARs fit") as caught:
        site.build(site.job(two, build=BUILD))
    assert "core/build/libs/core.war" in caught.value.problem
    _, log = site.build(site.job(two, build={**BUILD, "war": "web/**/*.war"}))
    assert "the WAR: web/build/libs/web.war" in log
