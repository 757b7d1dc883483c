"""Real Maven builds, in the builder image, with the app's own cache."""

from __future__ import annotations

import pytest

from hookserver.errors import BuildError
from tests.integration.builders.conftest import CA_BUNDLE, BuildSite

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>shop</groupId><artifactId>shop</artifactId><version>1.0</version><packaging>war</packaging>
  <properties>
    <maven.compiler.release>17</maven.compiler.release>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <build><finalName>shop</finalName><plugins>
    <plugin><artifactId>maven-resources-plugin</artifactId><version>3.3.1</version></plugin>
    <plugin><artifactId>maven-compiler-plugin</artifactId><version>3.14.0</version></plugin>
    <plugin><artifactId>maven-surefire-plugin</artifactId><version>3.5.3</version></plugin>
    <plugin><artifactId>maven-war-plugin</artifactId><version>3.4.0</version></plugin>
  </plugins></build>
</project>
"""
SOURCE = {
    "pom.xml": POM,
    "src/main/java/shop/Cart.java": "package shop; public class Cart { int items; }",
    "src/main/webapp/WEB-INF/web.xml": "<web-app/>",
    "src/main/webapp/index.html": "shop",
}
BUILD = {"ca_bundle": str(CA_BUNDLE)} if CA_BUNDLE.exists() else {}


def test_maven_project_becomes_an_image_with_our_labels(site: BuildSite) -> None:
    made = site.job(SOURCE, build=BUILD, repository="https://user:token@git.example.com/acme/shop.git")
    image, log = site.build(made)
    assert "pom.xml with packaging war: maven" in log
    assert "$ mvn -ntp -B -DskipTests package" in log
    assert "the WAR: target/shop.war" in log
    answer = site.inspect(image)
    labels = answer["Config"]["Labels"]
    assert answer["RepoTags"] == [f"hookserver/{site.app}:{made.commit[:12]}"]
    assert labels["org.opencontainers.image.revision"] == made.commit
    assert labels["org.opencontainers.image.source"] == "https://git.example.com/acme/shop.git"
    assert labels["hookserver.app"] == site.app
    assert labels["hookserver.role"] == "image"
    assert answer["Config"]["Cmd"] == ["catalina.sh", "run"]
    assert site.containers() == []


def test_compile_error_is_shown_with_file_and_line(site: BuildSite) -> None:
    broken = {**SOURCE, "src/main/java/shop/Cart.java": "package shop;\npublic class Cart { Basket items; }"}
    with pytest.raises(BuildError) as caught:
        site.build(site.job(broken, build=BUILD))
    assert "Cart.java:[2,21] cannot find symbol" in caught.value.problem
    assert "symbol:   class Basket" in caught.value.problem
    assert "[Help 1]" not in caught.value.problem.replace("-> [Help 1]", "")
    assert site.containers() == []


def test_wrapper_without_its_properties_is_not_used_and_the_log_says_so(site: BuildSite) -> None:
    _, log = site.build(site.job({**SOURCE, "mvnw": "#!/bin/sh\nexit 9\n"}, build=BUILD))
    assert "./mvnw is not used: .mvn/wrapper/maven-wrapper.properties is missing" in log


def test_wrapper_with_line_ends_of_windows_is_used(site: BuildSite) -> None:
    first_lines = '#!/bin/sh\r\n\r\necho "wrapped in $(basename "$PWD"): $MAVEN_CONFIG$*"\r\n'
    wrapper = first_lines + 'exec "mvn${0##*/mvnw}" "$@"\r\n'  # by its own name, as the one without a jar
    files = {**SOURCE, "mvnw": wrapper, ".mvn/wrapper/maven-wrapper.properties": "distributionUrl=x\n"}
    _, log = site.build(site.job(files, build={**BUILD, "env": {"MAVEN_CONFIG": "/root/.m2"}}))
    assert "$ ./mvnw" in log
    assert "wrapped in source: -D" in log


def test_second_build_needs_no_network(site: BuildSite) -> None:
    site.build(site.job(SOURCE, build=BUILD))
    _, log = site.build(site.job(SOURCE, build={**BUILD, "offline": True}))
    assert "$ mvn -ntp -B -DskipTests package -o" in log
    newer = {**SOURCE, "pom.xml": POM.replace("3.4.0", "3.3.2")}
    with pytest.raises(BuildError, match="in offline mode") as caught:
        site.build(site.job(newer, build={**BUILD, "offline": True}))
    assert "deploy once with build.offline = false" in caught.value.remedy
