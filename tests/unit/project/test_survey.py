"""What is found in a project, and what it was read from."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import pytest

from hookserver.project import Project, default_answers, inspect_project
from hookserver.project import folder as bounded
from tests.unit.project.trees import ANT, GRADLE_KOTLIN, MULTI_MODULE, dependency, plant, pom, servlet

BOMB = '<!DOCTYPE project [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><project><artifactId>&b;</artifactId></project>'


def said(project: Project, topic: str) -> str:
    return " | ".join(caution.text for caution in project.cautions if caution.topic == topic)


def test_the_module_that_makes_the_war_is_found_with_what_its_parents_say(tmp_path: Path) -> None:
    build = inspect_project(plant(tmp_path, MULTI_MODULE)).builds[0]
    assert (build.kind, build.wrapper, build.modules) == ("maven", "./mvnw", ("core", "web"))
    assert [(war.value, war.where) for war in build.wars] == [
        ("web/target/*.war", "artifactId and version in web/pom.xml")
    ]
    assert build.name is not None
    assert build.name.value == "corner-web"
    assert [(level.value, level.where) for level in build.java] == [
        ("21", "release of maven-compiler-plugin in pom.xml")
    ]


def test_the_servlet_version_comes_through_properties_and_managed_dependencies(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, MULTI_MODULE))
    assert {found.value for found in project.api} == {"jakarta"}
    assert project.servlet is not None
    assert project.servlet.value == "6.1"


def test_a_gradle_build_is_read_as_text_without_its_comments(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, GRADLE_KOTLIN))
    build = project.builds[0]
    assert (build.kind, build.wrapper, build.modules) == ("gradle", "./gradlew", ("core", "web"))
    assert [war.value for war in build.wars] == ["web/build/libs/*.war"]
    assert "as text" in build.wars[0].where
    assert build.name is not None
    assert build.name.value == "Corner Shop"
    assert build.builder_java is not None
    assert build.builder_java.value == "21"
    assert {found.value for found in project.api} == {"jakarta"}
    assert project.embedded == ""


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("sourceCompatibility = 1.8", "8"),
        ("sourceCompatibility = '11'", "11"),
        ("java { sourceCompatibility = JavaVersion.VERSION_17 }", "17"),
        ("java { targetCompatibility = JavaVersion.VERSION_1_8 }", "8"),
        ("tasks.withType(JavaCompile) { options.release = 21 }", "21"),
        ("kotlin { jvmToolchain(17) }", "17"),
    ],
)
def test_gradles_ways_to_say_a_java_level(tmp_path: Path, line: str, level: str) -> None:
    build = inspect_project(plant(tmp_path, {"build.gradle": f"apply plugin: 'war'\n{line}\n"})).builds[0]
    assert [found.value for found in build.java] == [level]
    assert len(build.wars) == 1


def test_a_version_catalogue_tells_the_servlet_api(tmp_path: Path) -> None:
    catalogue = '[versions]\nservlet = "6.0.0"\n[libraries]\n'
    catalogue += 'api = { module = "jakarta.servlet:jakarta.servlet-api", version.ref = "servlet" }\n'
    files = {"build.gradle": "plugins { id 'war' }", "gradle/libs.versions.toml": catalogue}
    assert [found.value for found in inspect_project(plant(tmp_path, files)).api] == ["jakarta"]


def test_an_ant_build_with_its_property_file_and_an_old_descriptor(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, ANT))
    build = project.builds[0]
    assert (build.kind, build.what) == ("ant", "build.xml, default target dist")
    assert [war.value for war in build.wars] == ["product/shop.war"]
    assert [level.value for level in build.java] == ["8"]
    assert {found.value for found in project.api} == {"javax"}
    assert project.notes == ()
    assert (project.health.path, project.health.is_guess) == ("/catalogue", False)


def test_a_prebuilt_war_is_looked_into(tmp_path: Path) -> None:
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


def test_a_wars_spare_classes_for_newer_javas_do_not_count(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "shop.war", "w") as war:
        for name, version in (("Shop", 52), ("META-INF/versions/17/Shop", 61), ("module-info", 53)):
            war.writestr(f"WEB-INF/classes/{name}.class", b"\xca\xfe\xba\xbe\x00\x00\x00" + bytes([version, 0]))
    assert [level.value for level in inspect_project(tmp_path).builds[0].java] == ["8"]


def test_a_file_that_is_no_war_is_told(tmp_path: Path) -> None:
    build = inspect_project(plant(tmp_path, {"deploy/shop.war": "not a zip"})).builds[0]
    assert any("cannot be read as a WAR" in note for note in build.notes)


def test_a_war_that_unpacks_to_much_costs_little(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "shop.war", "w", zipfile.ZIP_DEFLATED) as war:
        for number in range(5):
            war.writestr(f"WEB-INF/classes/C{number}.class", b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + b"\0" * (20 << 20))
    began = time.process_time()
    assert [level.value for level in inspect_project(tmp_path).builds[0].java] == ["8"]
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (
            "FROM maven:3.9 AS made\nRUN mvn package\nFROM tomcat:10.1\nCOPY --from=made /w.war /",
            ["dockerfile", "maven"],
        ),
        ("FROM tomcat:10.1\nCOPY target/*.war /usr/local/tomcat/webapps/", ["maven", "dockerfile"]),
        ("FROM debian\nRUN true", ["maven", "dockerfile"]),
    ],
)
def test_a_dockerfile_goes_first_when_it_is_whole(tmp_path: Path, text: str, kinds: list[str]) -> None:
    project = inspect_project(plant(tmp_path, {"Dockerfile": text, "pom.xml": pom("")}))
    assert [build.kind for build in project.builds] == kinds


def test_a_jar_with_a_dockerfile_of_its_own_is_built_by_that(tmp_path: Path) -> None:
    files = {"Dockerfile": "FROM eclipse-temurin:21\nCOPY --from=b /app.jar /", "pom.xml": pom("", packaging="jar")}
    project = inspect_project(plant(tmp_path, files))
    assert [build.kind for build in project.builds] == ["dockerfile", "maven"]
    assert any("leaves no WAR" in note for note in project.builds[1].notes)


def test_an_empty_folder_has_nothing_to_build(tmp_path: Path) -> None:
    project = inspect_project(tmp_path)
    assert (project.builds, project.api, project.cautions, project.notes) == ((), (), (), ())
    assert project.health.is_guess


@pytest.mark.parametrize(
    ("version", "api", "servlet_version"),
    [("2.7.18", "javax", None), ("3.3.4", "jakarta", "6.0"), ("4.0.0", "jakarta", "6.1")],
)
def test_spring_boots_version_decides(tmp_path: Path, version: str, api: str, servlet_version: str | None) -> None:
    parent = (
        "<parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId>"
        f"<version>{version}</version><relativePath/></parent>"
    )
    project = inspect_project(plant(tmp_path, {"pom.xml": pom(parent)}))
    assert [found.value for found in project.api] == [api]
    assert (project.servlet.value if project.servlet else None) == servlet_version
    assert [level.value for level in project.builds[0].java] == ["8" if version.startswith("2") else "17"]


def test_an_old_descriptor_beside_jakarta_imports_is_no_contradiction(tmp_path: Path) -> None:
    files = {
        "pom.xml": pom(""),
        "src/main/java/Shop.java": servlet("jakarta"),
        "src/main/webapp/WEB-INF/web.xml": '<web-app xmlns="http://xmlns.jcp.org/xml/ns/javaee" version="4.0"/>',
    }
    found = inspect_project(plant(tmp_path, files)).api
    assert [(evidence.value, evidence.weak) for evidence in found] == [("jakarta", False), ("javax", True)]


@pytest.mark.parametrize(
    ("group", "artifact", "version", "api"),
    [
        ("org.apache.struts", "struts2-core", "7.0.3", "jakarta"),
        ("org.apache.struts", "struts2-core", "6.7.0", "javax"),
        ("org.glassfish", "jakarta.faces", "4.0.5", "jakarta"),
        ("org.glassfish", "jakarta.faces", "2.3.21", "javax"),
        ("org.glassfish", "javax.faces", "2.3.9", "javax"),
        ("org.apache.myfaces.core", "myfaces-impl", "3.0.2", "jakarta"),
        ("org.glassfish.jersey.containers", "jersey-container-servlet", "3.1.9", "jakarta"),
        ("org.glassfish.jersey.containers", "jersey-container-servlet-core", "2.45", "javax"),
    ],
)
def test_a_librarys_version_says_more_than_an_old_descriptor(
    tmp_path: Path, group: str, artifact: str, version: str, api: str
) -> None:
    files = {
        "pom.xml": pom(f"<dependencies>{dependency(group, artifact, version)}</dependencies>"),
        "src/main/webapp/WEB-INF/web.xml": '<web-app xmlns="http://java.sun.com/xml/ns/javaee" version="2.5"/>',
    }
    assert default_answers(inspect_project(plant(tmp_path, files))).api == api


@pytest.mark.parametrize("api", ["javax", "jakarta"])
def test_a_class_that_the_descriptor_loads_tells(tmp_path: Path, api: str) -> None:
    web_xml = (
        '<web-app xmlns="http://java.sun.com/xml/ns/javaee" version="2.5"><servlet>'
        f"<servlet-class>{api}.faces.webapp.FacesServlet</servlet-class></servlet></web-app>"
    )
    found = inspect_project(plant(tmp_path, {"pom.xml": pom(""), "src/main/webapp/WEB-INF/web.xml": web_xml})).api
    assert [(evidence.value, evidence.weak) for evidence in found] == [(api, False), ("javax", True)]


def test_what_is_in_comments_and_tests_does_not_count(tmp_path: Path) -> None:
    files = {
        "pom.xml": pom(""),
        "src/main/java/Shop.java": "/*\nimport javax.servlet.http.HttpServlet;\n*/\n// @Scheduled\nclass Shop {}",
        "src/test/java/ShopTest.java": servlet("javax"),
        "src/main/webapp/index.jsp": '<%-- <%@ page import="javax.servlet.http.*" %> --%>',
    }
    project = inspect_project(plant(tmp_path, files))
    assert (project.api, project.cautions) == ((), ())


def test_the_enforcers_java_is_the_builders(tmp_path: Path) -> None:
    plugin = (
        "<build><plugins><plugin><artifactId>maven-enforcer-plugin</artifactId><executions><execution><configuration>"
        "<rules><requireJavaVersion><version>[17,)</version></requireJavaVersion></rules></configuration></execution>"
        "</executions></plugin></plugins></build><properties><maven.compiler.target>1.8</maven.compiler.target></properties>"
    )
    build = inspect_project(plant(tmp_path, {"pom.xml": pom(plugin)})).builds[0]
    assert build.builder_java is not None
    assert (build.java[0].value, build.builder_java.value) == ("8", "17")


# ---- health ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "path", "is_guess"),
    [
        ({}, "/", True),
        ({"src/main/webapp/index.html": "<h1>Shop</h1>"}, "/", False),
        ({"src/main/webapp/index.jsp": '<c:redirect url="/owners"/>'}, "/owners", False),
        ({"src/main/webapp/index.html": '<meta http-equiv="refresh" content="0; url=shop/main">'}, "/shop/main", False),
        ({"src/main/webapp/index.jsp": '<% response.sendRedirect("https://x.example"); %>'}, "/", True),
        ({"src/main/webapp/index.jsp": "<c:redirect url='/owners'/>"}, "/owners", False),
        ({"src/main/webapp/index.jsp": "<c:redirect context='/x' url='${there}'/>"}, "/", True),
        ({"src/main/webapp/index.jsp": '<logic:redirect forward="welcome"/>'}, "/", True),
        ({"src/main/webapp/index.jsp": '<logic:redirect page="/shop.do"/>'}, "/shop.do", False),
        ({"src/main/webapp/index.jsp": "<% response.sendRedirect(start); %>"}, "/", True),
        ({"src/main/webapp/index.jsp": '<% response.setHeader("Location", "/shop"); %>'}, "/shop", False),
        ({"src/main/webapp/index.jsp": '<% response.setHeader("Location", url + "a"); %>'}, "/", True),
        ({"src/main/java/H.java": servlet("jakarta", "H", "/health")}, "/health", False),
        ({"src/main/java/H.java": '@GetMapping("/health")\nclass H {}'}, "/", True),
        ({"src/main/webapp/ping.jsp": "ok"}, "/ping.jsp", False),
        ({"src/main/webapp/HelloWorld.jsp": "hi"}, "/HelloWorld.jsp", True),
        ({"src/main/webapp/HelloWorld.jsp": "hi", "src/main/webapp/index.jsp": "hi"}, "/", False),
        ({"src/main/webapp/a.jsp": "hi", "src/main/webapp/b.jsp": "hi"}, "/", True),
        ({"src/main/java/H.java": '@Controller class H { @GetMapping("/") String h() { return "a"; } }'}, "/", False),
        ({"src/main/java/H.java": '@GetMapping({"", "/"})\nString h() { return "redirect:/a"; }'}, "/", True),
        ({"src/main/java/H.java": '@RequestMapping("/")\npublic class H {\n}'}, "/", True),
        ({"src/main/java/H.java": '@RequestMapping("/api") class H { @GetMapping("/") String h() { } }'}, "/", True),
        ({"src/main/java/H.java": '@RequestMapping(value = "/", method = RequestMethod.POST) void h() {}'}, "/", True),
        ({"src/main/resources/mvc.xml": '<b><mvc:view-controller path="/" view-name="welcome"/></b>'}, "/", False),
        ({"src/main/resources/mvc.xml": '<b><mvc:view-controller path="/" view-name="redirect:/a"/></b>'}, "/", True),
        (
            {
                "src/main/webapp/WEB-INF/web.xml": "<web-app><servlet-mapping><servlet-name>h</servlet-name>"
                "<url-pattern>/healthz</url-pattern></servlet-mapping></web-app>"
            },
            "/healthz",
            False,
        ),
    ],
)
def test_a_likely_health_path(tmp_path: Path, files: dict[str, str], path: str, is_guess: bool) -> None:
    health = inspect_project(plant(tmp_path, {"pom.xml": pom(""), **files})).health
    assert (health.path, health.is_guess) == (path, is_guess)


def test_the_actuator_answers_below_what_the_settings_say(tmp_path: Path) -> None:
    libraries = dependency("org.springframework.boot", "spring-boot-starter-actuator", "")
    libraries += dependency("org.springframework.boot", "spring-boot-starter-security", "")
    files = {
        "pom.xml": pom(f"<dependencies>{libraries}</dependencies>"),
        "src/main/resources/application.yml": "management:\n  endpoints:\n    web:\n      base-path: /manage # ours\n",
    }
    health = inspect_project(plant(tmp_path, files)).health
    assert (health.path, health.is_guess) == ("/manage/health", False)
    assert "401" in health.notes[0]


# ---- what two replicas would do ----------------------------------------------------------------------------------


def test_timed_jobs_are_said_to_run_in_every_replica(tmp_path: Path) -> None:
    files = {
        "pom.xml": pom(""),
        "src/main/java/Mail.java": 'class Mail { @Scheduled(cron = "0 0 * * * *") void send() {} }',
    }
    project = inspect_project(plant(tmp_path, files))
    assert "@Scheduled in src/main/java/Mail.java" in said(project, "replicas")
    assert "in each replica" in said(project, "replicas")


@pytest.mark.parametrize(
    ("library", "url", "is_embedded"),
    [
        (("com.h2database", "h2", "2.2.224"), "", True),
        (("com.h2database", "h2", "2.2.224"), "jdbc:h2:tcp://db/shop", True),
        (("org.postgresql", "postgresql", "42.7.4"), "jdbc:postgresql://db.example/shop", False),
        (("org.postgresql", "postgresql", "42.7.4"), "jdbc:h2:mem:shop;DB_CLOSE_DELAY=-1", True),
        (("org.hsqldb", "hsqldb", "2.7"), "jdbc:hsqldb:file:/var/shop", True),
        (("org.xerial", "sqlite-jdbc", "3.4"), "jdbc:sqlite:shop.db", True),
    ],
)
def test_a_database_inside_the_app_is_noticed(
    tmp_path: Path, library: tuple[str, str, str], url: str, is_embedded: bool
) -> None:
    files = {"pom.xml": pom(f"<dependencies>{dependency(*library)}</dependencies>")}
    files["src/main/resources/application.properties"] = f"spring.datasource.url={url}\n"
    project = inspect_project(plant(tmp_path, files))
    assert bool(project.embedded) is is_embedded
    assert ("database inside the app" in said(project, "replicas")) is is_embedded


def test_an_embedded_database_for_tests_alone_does_not_count(tmp_path: Path) -> None:
    library = dependency("com.h2database", "h2", "2.2", "test")
    assert inspect_project(plant(tmp_path, {"pom.xml": pom(f"<dependencies>{library}</dependencies>")})).embedded == ""


def test_a_database_on_localhost_is_told_without_its_password(tmp_path: Path) -> None:
    files = {
        "pom.xml": pom(""),
        "src/main/resources/db.properties": "url=jdbc:mysql://shop:geheim@localhost:3306/shop?password=geheim\n",
        "src/main/resources/old.properties": "url=jdbc:oracle:thin:scott/geheim@//localhost:1521/x\n",
    }
    project = inspect_project(plant(tmp_path, files))
    assert "host.docker.internal" in said(project, "tomcat")
    assert "geheim" not in repr(project.cautions)


def test_sessions_files_and_resources_are_told(tmp_path: Path) -> None:
    files = {
        "pom.xml": pom(""),
        "src/main/java/Shop.java": servlet(
            "javax", inside="void x() { request.getSession(); new FileOutputStream(f); }"
        ),
        "src/main/webapp/WEB-INF/web.xml": "<web-app><distributable/><resource-ref>"
        "<res-ref-name>jdbc/shop</res-ref-name></resource-ref></web-app>",
        "src/main/webapp/META-INF/context.xml": '<Context path="/shop"/>',
    }
    project = inspect_project(plant(tmp_path, files))
    assert "<distributable/>" in said(project, "release")
    assert "jdbc/shop" in said(project, "tomcat")
    assert "volumes" in said(project, "tomcat")
    assert "path=/shop" in said(project, "app")


# ---- git ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:token@git.example.com/acme/shop.git", "https://git.example.com/acme/shop.git"),
        ("git@git.example.com:acme/shop.git", "git@git.example.com:acme/shop.git"),
        ("forge:acme/shop.git", "ssh://forge/acme/shop.git"),
        ("/srv/git/shop.git", "/srv/git/shop.git"),
    ],
)
def test_origin_is_read_without_its_password(tmp_path: Path, url: str, expected: str) -> None:
    config = f'[core]\n\tbare = false\n[remote "backup"]\n\turl = /no\n[remote "origin"]\n\turl = {url}\n'
    files = {
        ".git/config": config,
        ".git/HEAD": "ref: refs/heads/feature/cart\n",
        ".git/refs/remotes/origin/HEAD": "ref: refs/remotes/origin/trunk\n",
    }
    project = inspect_project(plant(tmp_path, files))
    assert project.origin is not None
    assert project.origin.value == expected
    assert [branch.value for branch in project.branches] == ["trunk", "feature/cart"]


def test_a_relative_origin_is_made_whole(tmp_path: Path) -> None:
    root = plant(tmp_path / "clone", {".git/config": '[remote "origin"]\nurl = ../shop.git\n', ".git/HEAD": "0" * 40})
    project = inspect_project(root)
    assert project.origin is not None
    assert project.origin.value == str(tmp_path / "shop.git")
    assert project.branches == ()


# ---- hostile and huge folders ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pom.xml", "build.xml", "src/main/webapp/WEB-INF/web.xml"])
def test_xml_with_entities_is_refused_and_told(tmp_path: Path, name: str) -> None:
    project = inspect_project(plant(tmp_path, {"pom.xml": pom(""), name: BOMB}))
    assert any(note.startswith(f"{name} is refused: it declares XML entities") for note in project.notes)
    assert project.builds


def test_xml_that_is_broken_is_told(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, {"pom.xml": "<project>"}))
    assert "pom.xml is not XML" in project.notes[0]
    assert [build.kind for build in project.builds] == ["maven"]


def test_no_symbolic_link_is_followed(tmp_path: Path) -> None:
    outside = plant(tmp_path / "outside", {"pom.xml": pom(""), "Secret.java": servlet("javax")})
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "pom.xml").symlink_to(outside / "pom.xml")
    (inside / "src").symlink_to(outside)
    (inside / "shop.war").symlink_to(outside / "pom.xml")
    (inside / "loop").symlink_to(inside)
    project = inspect_project(inside)
    assert (project.builds, project.api) == ((), ())


def test_modules_and_parents_do_not_lead_out_or_round(tmp_path: Path) -> None:
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


def test_properties_that_refer_to_themselves_end(tmp_path: Path) -> None:
    loop = (
        "<properties><a>${b}${b}</a><b>${a}${a}</b><maven.compiler.release>${a}</maven.compiler.release></properties>"
    )
    assert inspect_project(plant(tmp_path, {"pom.xml": pom(loop)})).builds[0].java == ()


def test_a_huge_folder_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MOST_FILES", 500)
    monkeypatch.setattr(bounded, "MOST_READ", 50)
    plant(tmp_path, {"pom.xml": pom("")})
    plant(tmp_path, {f"src/main/java/p{n % 5}/C{n}.java": servlet("javax", f"C{n}") for n in range(600)})
    project = inspect_project(tmp_path)
    assert project.builds
    assert [note.partition(":")[0] for note in project.notes] == ["this is a large folder"] * 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("build.xml", '<project default="a">' + '<target name="a" depends="a"><war/></target>' * 5_000 + "</project>"),
        ("build.xml", f"<project>{'<path>' * 15_000}{'</path>' * 15_000}</project>"),
        (
            "build.xml",
            "<project>"
            + "".join(f'<target name="t{n}" depends="t{n + 1}"><war destfile="a.war"/></target>' for n in range(3_500))
            + "</project>",
        ),
        ("build.gradle", "\n" * 300_000),
        ("build.gradle", "/*" * 150_000),
        ("build.gradle", "war {" * 60_000),
        ("build.gradle", "project(':a') {\n" * 15_000),
        ("build.gradle", "plugins {" * 25_000),
        ("build.gradle", "id 'war'" + " " * 300_000),
        ("build.gradle", f"a = '{'$a' * 45}'\n\"" + "$a" * 120_000),
        ("build.gradle", "libs.a" * 40_000),
        ("settings.gradle", "include 'a'\n" * 20_000),
        ("buildSrc/src/main/groovy/a.gradle", "plugins { id 'a' }" * 14_000),
        ("src/main/java/A.java", "/*" * 150_000),
        ("src/main/java/A.java", "@WebServlet(" * 25_000),
        ("src/main/java/A.java", '"' * 300_000),
        ("src/main/java/A.java", '"\\' * 150_000),
        ("src/main/java/A.java", 'request.getSession().setAttribute("a", a);' + "A<" * 120_000),
        ("src/main/java/A.java", 'request.getSession().setAttribute("a", new A());' + "class A(" * 30_000),
        ("src/main/webapp/index.jsp", "${sessionScope.cart}" + "<jsp:useBean " * 19_000),
        ("src/main/webapp/index.jsp", 'import="' * 40_000),
        ("src/main/webapp/index.jsp", "sendRedirect(" * 25_000),
        ("src/main/resources/a.properties", " " * 300_000),
        ("src/main/resources/a.xml", "<!--" * 75_000),
        ("Dockerfile", "\\\n" * 150_000),
    ],
)
def test_no_text_takes_long(tmp_path: Path, name: str, text: str) -> None:
    plant(tmp_path, {name: text})
    began = time.process_time()
    inspect_project(tmp_path)
    assert time.process_time() - began < 3


def test_bytes_that_are_no_text_are_taken(tmp_path: Path) -> None:
    plant(tmp_path, {"pom.xml": "", "build.gradle": "", "src/main/java/A.java": ""})
    for file in tmp_path.rglob("*.*"):
        if file.is_file():
            file.write_bytes(bytes(range(256)) * 10)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as war:
        war.writestr("WEB-INF/web.xml", bytes(range(256)))
    (tmp_path / "a.war").write_bytes(archive.getvalue()[:-30] + b"\0" * 30)
    assert {build.kind for build in inspect_project(tmp_path).builds} == {"maven", "gradle", "war"}


def test_a_profile_for_production_is_said_to_be_unused(tmp_path: Path) -> None:
    profiles = "".join(f"<profile><id>{name}</id></profile>" for name in ("prod", "tomcat85", "reproduce"))
    notes = inspect_project(plant(tmp_path, {"pom.xml": pom(f"<profiles>{profiles}</profiles>")})).builds[0].notes
    assert [note.partition(";")[0] for note in notes] == ["the profile prod is not used"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".java-version", "temurin-21.0.2\n"),
        (".sdkmanrc", "# ours\njava=21.0.2-tem\n"),
        ("Dockerfile", "FROM openjdk:21-slim\nCOPY . /src\n"),
        ("Dockerfile", "FROM maven:3.9-eclipse-temurin-21 AS build\nFROM debian\n"),
    ],
)
def test_other_files_tell_the_java_level_where_the_build_does_not(tmp_path: Path, name: str, text: str) -> None:
    build = inspect_project(plant(tmp_path, {"pom.xml": pom(""), name: text})).builds[0]
    assert [(level.value, level.where) for level in build.java] == [("21", f"what {name} says")]


# ---- sessions ----------------------------------------------------------------------------------------------------

CART_SERVLET = servlet(
    "javax", inside='void x() { Cart c = new Cart(); request.getSession().setAttribute("cart", c); }'
)
DISTRIBUTABLE = "<web-app><distributable/></web-app>"


def session_advice(tmp_path: Path, cart: str, web_xml: str = DISTRIBUTABLE) -> tuple[str, str]:
    files = {
        "pom.xml": pom(""),
        "src/main/java/shop/CartServlet.java": CART_SERVLET,
        "src/main/java/shop/Cart.java": cart,
        "src/main/java/shop/Base.java": "abstract class Base implements java.io.Serializable { }",
        "src/main/webapp/WEB-INF/web.xml": web_xml,
    }
    found = next(caution for caution in inspect_project(plant(tmp_path, files)).cautions if caution.topic == "release")
    return found.advised, found.text


@pytest.mark.parametrize(
    "cart",
    [
        "public final class Cart implements Serializable { }",
        "public class Cart extends Base { }",
        "public class Cart extends lib.Elsewhere { }",
        "public record Cart(int n) implements java.io.Serializable { }",
    ],
)
def test_replicated_is_advised_where_nothing_speaks_against_it(tmp_path: Path, cart: str) -> None:
    advised, text = session_advice(tmp_path, cart)
    assert advised == "replicated"
    assert "<distributable/>" in text


@pytest.mark.parametrize("cart", ["public class Cart { }", "record Cart(int n) implements Comparable<Cart> { }"])
def test_a_class_in_a_session_that_cannot_be_serialised_is_named(tmp_path: Path, cart: str) -> None:
    advised, text = session_advice(tmp_path, cart)
    assert advised == "sticky"
    assert "Cart (put there by src/main/java/shop/CartServlet.java)" in text


def test_without_distributable_sticky_is_advised_and_the_file_named(tmp_path: Path) -> None:
    advised, text = session_advice(tmp_path, "class Cart implements Serializable { }", "<web-app/>")
    assert advised == "sticky"
    assert "<distributable/> in src/main/webapp/WEB-INF/web.xml" in text


def test_what_only_builds_the_project_is_not_taken_for_the_app(tmp_path: Path) -> None:
    tool = 'class Loader { void x() { System.getenv("MVNW_USERNAME"); new FileOutputStream("x"); } }'
    project = inspect_project(
        plant(
            tmp_path,
            {
                "pom.xml": pom(""),
                ".mvn/wrapper/MavenWrapperDownloader.java": tool,
                "buildSrc/src/main/java/Tool.java": tool,
            },
        )
    )
    assert not project.variables
    assert not project.cautions


def test_a_database_that_only_an_unused_profile_has_on_localhost_is_told_as_such(tmp_path: Path) -> None:
    profile = "<profiles><profile><id>{}</id>{}<properties><url>jdbc:mysql://localhost/{}</url></properties></profile></profiles>"
    root = plant(tmp_path, {"pom.xml": pom(profile.format("MySQL", "", "shop"))})
    assert "only with the profile MySQL" in said(inspect_project(root), "tomcat")
    active = "<activation><activeByDefault>true</activeByDefault></activation>"
    plant(tmp_path, {"pom.xml": pom(profile.format("MySQL", active, "shop"))})
    assert "localhost" in said(inspect_project(root), "tomcat")
    assert "only with" not in said(inspect_project(root), "tomcat")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("struts.xml", '<struts><constant name="struts.devMode" value="true"/></struts>'),
        ("struts.properties", "struts.devMode = true\n"),
    ],
)
def test_a_framework_that_answers_errors_with_200_is_told(tmp_path: Path, name: str, text: str) -> None:
    project = inspect_project(plant(tmp_path, {"pom.xml": pom(""), f"src/main/resources/{name}": text}))
    assert "health.body" in said(project, "health")
    plant(tmp_path, {f"src/main/resources/{name}": text.replace("true", "false")})
    assert not said(inspect_project(tmp_path), "health")
