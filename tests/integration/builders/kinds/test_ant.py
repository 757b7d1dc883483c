"""Real Ant builds."""

from __future__ import annotations

import pytest

from hookserver.errors import BuildError
from tests.integration.builders.conftest import BuildSite

SOURCE = {
    "build.xml": """<project name="shop" default="dist">
  <target name="dist">
    <mkdir dir="build/classes"/>
    <javac srcdir="src" destdir="build/classes" includeantruntime="false"/>
    <war destfile="dist/shop.war" webxml="web/WEB-INF/web.xml"><fileset dir="web"/><classes dir="build/classes"/></war>
  </target>
</project>""",
    "src/shop/Cart.java": "package shop; public class Cart { int items; }",
    "web/WEB-INF/web.xml": "<web-app/>",
    "web/index.html": "shop",
}


def test_default_target_makes_the_war(site: BuildSite) -> None:
    image, log = site.build(site.job(SOURCE))
    assert "build.xml: ant" in log
    assert "$ ant -noinput" in log
    assert "the WAR: dist/shop.war" in log
    assert image.startswith("sha256:")
    assert site.containers() == []


def test_compile_error_is_shown_with_file_and_line(site: BuildSite) -> None:
    broken = {**SOURCE, "src/shop/Cart.java": "package shop;\npublic class Cart { Basket items; }"}
    with pytest.raises(BuildError) as caught:
        site.build(site.job(broken))
    assert "shop/Cart.java:2: error: cannot find symbol" in caught.value.problem
    assert "symbol:   class Basket" in caught.value.problem
    assert "Compile failed; see the compiler error output" in caught.value.problem


def test_build_without_a_war_is_refused_with_the_remedy(site: BuildSite) -> None:
    nothing = {**SOURCE, "build.xml": '<project default="a"><target name="a"/></project>'}
    with pytest.raises(BuildError, match=r"the build produced no WAR \(\*\*/\*\.war\)") as caught:
        site.build(site.job(nothing))
    assert "build.command" in caught.value.remedy
