"""Projects as strangers bring them: each of another build, none knows of hookserver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.shop.wars import war

_MAVEN = 'xmlns="http://maven.apache.org/POM/4.0.0"'
_PLUGINS = """<build>{final}<pluginManagement><plugins>
    <plugin><artifactId>maven-resources-plugin</artifactId><version>3.3.1</version></plugin>
    <plugin><artifactId>maven-compiler-plugin</artifactId><version>3.14.0</version></plugin>
    <plugin><artifactId>maven-surefire-plugin</artifactId><version>3.5.3</version></plugin>
    <plugin><artifactId>maven-jar-plugin</artifactId><version>3.4.2</version></plugin>
    <plugin><artifactId>maven-war-plugin</artifactId><version>3.4.0</version></plugin>
  </plugins></pluginManagement></build>"""


def _dependency(group: str, artifact: str, version: str = "", scope: str = "") -> str:
    values = {"groupId": group, "artifactId": artifact, "version": version, "scope": scope}
    return f"<dependency>{''.join(f'<{key}>{value}</{key}>' for key, value in values.items() if value)}</dependency>"


_MODULES = {
    "pom.xml": f"""<project {_MAVEN}>
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example.mall</groupId><artifactId>mall</artifactId><version>2.1-SNAPSHOT</version>
  <packaging>pom</packaging>
  <modules><module>mall-core</module><module>mall-web</module></modules>
  <properties>
    <java.level>17</java.level><servlet.version>6.0.0</servlet.version>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
    <maven.compiler.release>${{java.level}}</maven.compiler.release>
  </properties>
  <profiles>
    <profile><id>dev</id><activation><activeByDefault>true</activeByDefault></activation>
      <properties><stage>dev</stage></properties></profile>
    <profile><id>staging</id><properties><stage>staging</stage></properties></profile>
  </profiles>
  <dependencyManagement><dependencies>
    {_dependency("jakarta.servlet", "jakarta.servlet-api", "${servlet.version}", "provided")}
    {_dependency("com.example.mall", "mall-core", "${project.version}")}
  </dependencies></dependencyManagement>
  {_PLUGINS.format(final="")}
</project>""",
    "mall-core/pom.xml": f"""<project {_MAVEN}>
  <modelVersion>4.0.0</modelVersion>
  <parent><groupId>com.example.mall</groupId><artifactId>mall</artifactId><version>2.1-SNAPSHOT</version></parent>
  <artifactId>mall-core</artifactId>
</project>""",
    "mall-core/src/main/java/mall/Catalogue.java": """package mall;
public class Catalogue { public static String greeting() { return "Welcome to the mall"; } }
""",
    "mall-web/pom.xml": f"""<project {_MAVEN}>
  <modelVersion>4.0.0</modelVersion>
  <parent><groupId>com.example.mall</groupId><artifactId>mall</artifactId><version>2.1-SNAPSHOT</version></parent>
  <artifactId>mall-web</artifactId><packaging>war</packaging>
  <dependencies>
    {_dependency("com.example.mall", "mall-core")}
    {_dependency("jakarta.servlet", "jakarta.servlet-api")}
  </dependencies>
  <build><finalName>mall</finalName></build>
</project>""",
    "mall-web/src/main/java/mall/Entrance.java": """package mall;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
@WebServlet("/entrance")
public class Entrance extends HttpServlet {
  @Override protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
    response.getWriter().print(Catalogue.greeting());
  }
}
""",
    "mall-web/src/main/webapp/index.jsp": '<%@ page import="mall.Catalogue" %><h1><%= Catalogue.greeting() %></h1>',
}

_JSTL = {
    "pom.xml": f"""<project {_MAVEN}>
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example</groupId><artifactId>oldshop</artifactId><version>1.4</version><packaging>war</packaging>
  <properties>
    <maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <dependencies>
    {_dependency("javax.servlet", "javax.servlet-api", "4.0.1", "provided")}
    {_dependency("javax.servlet", "jstl", "1.2")}
  </dependencies>
  {_PLUGINS.format(final="<finalName>oldshop</finalName>")}
</project>""",
    "src/main/java/old/Basket.java": """package old;
import java.io.IOException;
import javax.servlet.ServletException;
import javax.servlet.annotation.WebServlet;
import javax.servlet.http.*;
@WebServlet("/basket")
public class Basket extends HttpServlet {
  @Override protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException, ServletException {
    request.getSession().setAttribute("items", new String[] {"tea", "cups"});
    request.getRequestDispatcher("/WEB-INF/basket.jsp").forward(request, response);
  }
}
""",
    "src/main/webapp/WEB-INF/basket.jsp": '<%@ taglib prefix="c" uri="http://java.sun.com/jsp/jstl/core" %>'
    '<c:forEach items="${items}" var="item"><li><c:out value="${item}"/></li></c:forEach>',
    "src/main/webapp/index.jsp": '<a href="basket">Your basket</a>',
}

_SPRING = {
    "pom.xml": f"""<project {_MAVEN}>
  <modelVersion>4.0.0</modelVersion>
  <parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId>
    <version>3.5.9</version><relativePath/></parent>
  <groupId>com.example</groupId><artifactId>springshop</artifactId><version>0.0.1-SNAPSHOT</version>
  <packaging>war</packaging>
  <properties><java.version>17</java.version></properties>
  <dependencies>
    {_dependency("org.springframework.boot", "spring-boot-starter-web")}
    {_dependency("org.springframework.boot", "spring-boot-starter-actuator")}
    {_dependency("org.springframework.boot", "spring-boot-starter-tomcat", scope="provided")}
  </dependencies>
  <build><plugins>
    <plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId></plugin>
  </plugins></build>
</project>""",
    "src/main/java/spring/Shop.java": """package spring;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.servlet.support.SpringBootServletInitializer;
import org.springframework.web.bind.annotation.*;
@SpringBootApplication @RestController
public class Shop extends SpringBootServletInitializer {
  @Override protected SpringApplicationBuilder configure(SpringApplicationBuilder builder) {
    return builder.sources(Shop.class);
  }
  public static void main(String[] arguments) { SpringApplication.run(Shop.class, arguments); }
  @GetMapping("/offers") public String offers() { return "Spring offers"; }
}
""",
}

_GRADLE = {
    "backend/settings.gradle": 'rootProject.name = "gradleshop"\ninclude "core", "web"\n',
    "backend/build.gradle": "subprojects { group = 'com.example'\n  version = '1.0' }\n",
    "backend/core/build.gradle": "apply plugin: 'java'\n",
    "backend/core/src/main/java/shop/Price.java": "package shop;\n"
    'public class Price { public String of() { return "9 EUR"; } }\n',
    "backend/web/build.gradle": "apply plugin: 'war'\ndependencies { compile project(':core') }\n",
    "backend/web/src/main/webapp/WEB-INF/web.xml": '<web-app version="6.0" '
    'xmlns="https://jakarta.ee/xml/ns/jakartaee"/>',
    "backend/web/src/main/webapp/index.jsp": '<%@ page import="shop.Price" %>It costs <%= new Price().of() %>',
}

_ANT = {
    "build.xml": """<project name="antshop" default="dist">
  <property file="build.properties"/>
  <path id="classpath"><fileset dir="lib" includes="*.jar"/></path>
  <target name="compile">
    <mkdir dir="${out}/classes"/>
    <javac srcdir="src" destdir="${out}/classes" classpathref="classpath" includeantruntime="false" release="17"/>
  </target>
  <target name="dist" depends="compile">
    <war destfile="${out}/antshop.war" webxml="web/WEB-INF/web.xml">
      <fileset dir="web" excludes="WEB-INF/web.xml"/><classes dir="${out}/classes"/>
    </war>
  </target>
</project>""",
    "build.properties": "out = dist\n",
    "web/WEB-INF/web.xml": """<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
  <servlet><servlet-name>till</servlet-name><servlet-class>shop.Till</servlet-class></servlet>
  <servlet-mapping><servlet-name>till</servlet-name><url-pattern>/till</url-pattern></servlet-mapping>
</web-app>""",
    "web/index.jsp": "The ant shop",
    "src/shop/Till.java": """package shop;
import jakarta.servlet.http.*;
public class Till extends HttpServlet {
  @Override protected void doGet(HttpServletRequest request, HttpServletResponse response) throws java.io.IOException {
    response.getWriter().print("Paid at the ant shop");
  }
}
""",
}

_DOCKERFILE = {
    "Dockerfile": "FROM tomcat:10.1-jdk17-temurin\nCOPY pages/ /usr/local/tomcat/webapps/ROOT/\n",
    "pages/index.jsp": "From the Dockerfile, <%= Integer.valueOf(7) %>",
}


@dataclass(frozen=True)
class Stranger:
    """A project: its files, and a page with words that must be on it once it is live.

    ``servlet_api`` is where it keeps the jar of that name, which a Tomcat brings too; empty: nowhere.
    """

    files: Mapping[str, bytes | str]
    page: str
    words: str
    servlet_api: str = ""


STRANGERS: Mapping[str, Stranger] = {
    "mall-web": Stranger(_MODULES, "/entrance", "Welcome to the mall"),
    "oldshop": Stranger(_JSTL, "/basket", "<li>cups</li>"),
    "springshop": Stranger(_SPRING, "/offers", "Spring offers"),
    "gradleshop": Stranger(_GRADLE, "/", "It costs 9 EUR"),
    "antshop": Stranger(_ANT, "/till", "Paid at the ant shop", "lib/jakarta.servlet-api-6.0.0.jar"),
    "warshop": Stranger({"warshop.war": war("a WAR that is there")}, "/", "a WAR that is there"),
    "dockershop": Stranger(_DOCKERFILE, "/", "From the Dockerfile, 7"),
}
"""By the name that the app gets."""
