"""A small shop that every Tomcat line can run: a servlet, JSP pages and a session, for the line's servlet API.

It answers what deploy/load.py asks. Its build runs in the line's own Tomcat image, so its classes fit that Java.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bench.installation import BenchSource


@dataclass(frozen=True)
class Line:
    """A Tomcat line on a Java that it is used with."""

    tomcat: str
    java: int
    api: str

    @property
    def image(self) -> str:
        return f"tomcat:{self.tomcat}-jdk{self.java}-temurin"

    @property
    def build(self) -> str:
        """Lines for the app's table of that name."""
        return f'kind = "maven"\nimage = "{self.image}"\ncommand = "sh ./build.sh"\nwar = "target/shop.war"'

    @property
    def source(self) -> BenchSource:
        return BenchSource(partial(_make, _files(self.api)), _say)


LINES = (
    Line("7.0", 8, "javax"),
    Line("8.5", 8, "javax"),
    Line("9.0", 17, "javax"),
    Line("10.1", 17, "jakarta"),
    Line("11.0", 21, "jakarta"),
)
_VERSION = "src/shop/Version.java"
_WEB_XML = {
    "javax": '<web-app xmlns="http://java.sun.com/xml/ns/javaee" version="3.0">',
    "jakarta": '<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">',
}
_SERVLET = """package shop;

import API.servlet.http.HttpServlet;
import API.servlet.http.HttpServletRequest;
import API.servlet.http.HttpServletResponse;
import API.servlet.http.HttpSession;
import java.io.IOException;

/** Looks at products and keeps a cart in the session. */
public class Shop extends HttpServlet {
    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        HttpSession session = request.getSession();
        response.setHeader("X-Shop-Version", Version.IS);
        response.setContentType("text/plain");
        response.getWriter().println(request.getServletPath() + ": " + session.getAttribute("cart") + " in the cart");
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
        HttpSession session = request.getSession();
        Integer before = (Integer) session.getAttribute("cart");
        int more = Integer.parseInt(request.getParameter("quantity"));
        session.setAttribute("cart", Integer.valueOf((before == null ? 0 : before.intValue()) + more));
        response.setHeader("X-Shop-Version", Version.IS);
        response.sendRedirect(request.getContextPath() + "/cart");
    }
}
"""
_PAGE = """<%@ page import="shop.Version" %><%@ include file="/WEB-INF/head.jspf" %>
<% Integer shown = (Integer) session.getAttribute("shown");
   shown = Integer.valueOf(shown == null ? 1 : shown.intValue() + 1);
   session.setAttribute("shown", shown);
   response.setHeader("X-Shop-Version", Version.IS); %>
<h1>Corner shop <%= Version.IS %></h1><p>Shown <%= shown %> times.</p>
"""
_BUILD = """set -e
mkdir -p target web/WEB-INF/classes
javac -cp "$CATALINA_HOME/lib/servlet-api.jar" -d web/WEB-INF/classes src/shop/*.java
jar cf target/shop.war -C web .
"""


def _files(api: str) -> Mapping[str, str]:
    mappings = "".join(
        f"<servlet-mapping><servlet-name>shop</servlet-name><url-pattern>{path}</url-pattern></servlet-mapping>"
        for path in ("/product", "/cart", "/cart/add", "/api/cart")
    )
    return {
        "build.sh": _BUILD,
        "src/shop/Shop.java": _SERVLET.replace("API", api),
        "web/WEB-INF/web.xml": f"{_WEB_XML[api]}<servlet><servlet-name>shop</servlet-name>"
        f"<servlet-class>shop.Shop</servlet-class></servlet>{mappings}</web-app>",
        "web/WEB-INF/head.jspf": "<title>Corner shop</title>",
        "web/index.jsp": _PAGE,
        "web/static/shop.css": "body { color: black }",
    }


def _make(files: Mapping[str, str], folder: Path) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    _say(folder, "1.0.0")


def _say(folder: Path, version: str) -> None:
    (folder / _VERSION).write_text(
        f'package shop;\npublic class Version {{ public static final String IS = "{version}"; }}\n'
    )
