"""Small projects, written as files."""

from __future__ import annotations

import os
from pathlib import Path

NAMESPACE = 'xmlns="http://maven.apache.org/POM/4.0.0"'
WRAPPER = ".mvn/wrapper/maven-wrapper.properties"
CATALOG = "gradle/libs.versions.toml"
JAVA = "<properties><maven.compiler.release>{}</maven.compiler.release></properties>"


def plant(root: Path, files: dict[str, str]) -> Path:
    """The folder with these files."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def cpu_seconds() -> float:
    """The CPU time of this process and of its children that ended: a project is inspected in a child."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def pom(inside: str, artifact: str = "shop", packaging: str = "war") -> str:
    return (
        f"<project {NAMESPACE}><groupId>corner</groupId><artifactId>{artifact}</artifactId><version>1.0</version>"
        f"<packaging>{packaging}</packaging>{inside}</project>"
    )


def dependency(group: str, artifact: str, version: str, scope: str = "compile") -> str:
    return (
        f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>"
        f"<scope>{scope}</scope></dependency>"
    )


def servlet(api: str, name: str = "Shop", mapping: str = "/shop", inside: str = "") -> str:
    return (
        f"package shop;\nimport {api}.servlet.annotation.WebServlet;\nimport {api}.servlet.http.HttpServlet;\n"
        f'@WebServlet("{mapping}")\npublic class {name} extends HttpServlet {{ {inside} }}\n'
    )


def wrapped(gradle: str) -> dict[str, str]:
    """A whole wrapper of this Gradle."""
    return {
        "gradlew": "#!/bin/sh\n",
        "gradle/wrapper/gradle-wrapper.jar": "",
        "gradle/wrapper/gradle-wrapper.properties": f"distributionUrl=https\\://example.com/gradle-{gradle}-bin.zip\n",
    }


MULTI_MODULE = {
    "pom.xml": pom(
        "<properties><java.level>21</java.level><jakarta.version>6.1.0</jakarta.version></properties>"
        "<modules><module>core</module><module>web</module></modules>"
        "<dependencyManagement><dependencies>"
        + dependency("jakarta.servlet", "jakarta.servlet-api", "${jakarta.version}", "provided")
        + "</dependencies></dependencyManagement>"
        "<build><pluginManagement><plugins><plugin><artifactId>maven-compiler-plugin</artifactId>"
        "<configuration><release>${java.level}</release></configuration></plugin></plugins></pluginManagement></build>",
        "parent",
        "pom",
    ),
    "core/pom.xml": f"<project {NAMESPACE}><parent><groupId>corner</groupId><artifactId>parent</artifactId>"
    "<version>1.0</version></parent><artifactId>core</artifactId></project>",
    "web/pom.xml": f"<project {NAMESPACE}><parent><groupId>corner</groupId><artifactId>parent</artifactId>"
    "<version>1.0</version></parent><artifactId>corner-web</artifactId><packaging>war</packaging>"
    "<dependencies><dependency><groupId>jakarta.servlet</groupId><artifactId>jakarta.servlet-api</artifactId>"
    "</dependency></dependencies></project>",
    "web/src/main/java/shop/Shop.java": servlet("jakarta"),
    "web/src/main/webapp/index.jsp": "<h1>Corner shop</h1>",
    "mvnw": "#!/bin/sh\n",
    WRAPPER: "distributionUrl=apache-maven-3.9.11\n",
}

GRADLE_KOTLIN = {
    "settings.gradle.kts": 'rootProject.name = "Corner Shop"\n// include("old")\ninclude("core", ":web")\n',
    "core/build.gradle.kts": "plugins { `java-library` }\n",
    "web/build.gradle.kts": """
        plugins {
            war
        }
        java { toolchain { languageVersion = JavaLanguageVersion.of(21) } }
        dependencies {
            compileOnly("jakarta.servlet:jakarta.servlet-api:6.0.0")
            runtimeOnly("org.postgresql:postgresql:42.7.4")
        }
        // implementation("javax.servlet:javax.servlet-api:4.0.1") see https://example.com/why
    """,
    "web/src/main/java/shop/Shop.java": servlet("jakarta"),
    **wrapped("8.10"),
}

ANT = {
    "build.xml": """<project name="Old Shop" default="dist">
        <property file="build.properties"/>
        <property name="out" value="never, since the file says it first"/>
        <target name="dist">
          <javac srcdir="src" destdir="classes" source="1.8" target="${level}"/>
          <war destfile="${out}/shop.war" webxml="web/WEB-INF/web.xml"/>
        </target></project>""",
    "build.properties": "out = product\nlevel = 1.8\n",
    "web/WEB-INF/web.xml": """<?xml version="1.0"?>
        <!DOCTYPE web-app PUBLIC "-//Sun Microsystems, Inc.//DTD Web Application 2.3//EN"
          "http://java.sun.com/dtd/web-app_2_3.dtd">
        <web-app><welcome-file-list><welcome-file>start.jsp</welcome-file></welcome-file-list></web-app>""",
    "web/start.jsp": '<% response.sendRedirect("catalogue"); %>',
    "src/shop/Shop.java": servlet("javax"),
    "lib/javax.servlet-api-4.0.1.jar": "",
}

NETBEANS = {
    "build.xml": """<project name="Shop" default="default">
        <import file="nbproject/build-impl.xml"/></project>""",
    "nbproject/project.properties": "dist.dir=dist\nwar.name=shop.war\ndist.war=${dist.dir}/${war.name}\n"
    "javac.source=1.7\njavac.classpath=${libs.jstl.classpath}:${file.reference.jdbc}\nfile.reference.jdbc=lib/jdbc.jar\n",
    "nbproject/build-impl.xml": """<project name="Shop-impl" default="default">
        <target name="init"><fail unless="j2ee.server.home"/><fail unless="libs.CopyLibs.classpath"/>
          <path id="compile"><pathelement path="${javac.classpath}"/></path></target>
        <target name="default" depends="init,do-dist"/>
        <target name="do-dist"><jar jarfile="${dist.war}"/></target></project>""",
}
