"""WARs whose pages use the session in every way that an application may."""

from __future__ import annotations

import io
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

CART = """package shop; public class Cart implements java.io.Serializable {
  private static final long serialVersionUID = 1;
  private final java.util.ArrayList<Line> lines = new java.util.ArrayList<>();
  public void add(String item) { lines.add(new Line(item)); }
  public String toString() { return lines.toString(); } }"""
LINE = """package shop; public class Line implements java.io.Serializable {
  private static final long serialVersionUID = 1;
  private final String item;
  public Line(String item) { this.item = item; }
  public String toString() { return item; } }"""
SHOP = {"Cart": CART, "Line": LINE}
CHANGED = {"Cart": CART, "Line": LINE.replace("serialVersionUID = 1", "serialVersionUID = 2")}
REMOVED = {"Cart": CART.replace("Line", "Item"), "Item": LINE.replace("Line", "Item")}
LISTENER = {
    "Told": """package shop; import jakarta.servlet.annotation.WebListener; import jakarta.servlet.http.*;
      @WebListener
      public class Told implements HttpSessionListener, HttpSessionAttributeListener, HttpSessionIdListener {
        private static void say(String what) { System.out.println("told: " + what); }
        public void sessionCreated(HttpSessionEvent event) { say("created"); }
        public void sessionDestroyed(HttpSessionEvent event) {
          say("destroyed " + event.getSession().getAttribute("name")); }
        public void sessionIdChanged(HttpSessionEvent event, String before) { say("id changed"); }
        public void attributeAdded(HttpSessionBindingEvent event) { say("added " + event.getName()); }
        public void attributeReplaced(HttpSessionBindingEvent event) { say("replaced " + event.getName()); }
        public void attributeRemoved(HttpSessionBindingEvent event) { say("removed " + event.getName()); } }"""
}
"""Prints what the application is told of its sessions."""
HANDSHAKE = {
    "Chat": """package shop; import jakarta.websocket.*; import jakarta.websocket.server.*;
      @ServerEndpoint(value = "/chat", configurator = Chat.Visitor.class)
      public class Chat { public static class Visitor extends ServerEndpointConfig.Configurator {
        public void modifyHandshake(ServerEndpointConfig config, HandshakeRequest request, HandshakeResponse response) {
          ((jakarta.servlet.http.HttpSession) request.getHttpSession()).setAttribute("name", "chat"); } } }""",
}
"""A WebSocket whose handshake changes the visitor's session."""
UNWRITABLE = {
    "Link": "package shop; public class Link implements java.io.Serializable { public Link next; }",
    "Busy": """package shop; public class Busy implements java.io.Serializable {
      private transient boolean written;
      private void writeObject(java.io.ObjectOutputStream out) throws java.io.IOException {
        if (!written) { written = true; throw new java.util.ConcurrentModificationException("a request"); } } }""",
    "Trap": """package shop; public class Trap implements java.io.Serializable {
      private void readObject(java.io.ObjectInputStream in) { throw new StackOverflowError("too deep"); } }""",
}
"""Attributes that fail while they are written or read."""
UNWRITABLE_PAGES = {
    "chain.jsp": """<% shop.Link chain = new shop.Link();
      for (int n = 0; n < 100000; n++) { shop.Link before = new shop.Link(); before.next = chain; chain = before; }
      session.setAttribute("chain", chain); session.setAttribute("name", "Ada"); %>set""",
    "busy.jsp": '<% session.setAttribute("busy", new shop.Busy()); session.setAttribute("name", "Eve"); %>set',
    "trap.jsp": '<% session.setAttribute("trap", new shop.Trap()); session.setAttribute("name", "Ada"); %>set',
}
_PAGES = {
    "health": "well",
    "index.jsp": '<%@ page session="false" %>well',
    "add.jsp": """<% shop.Cart cart = (shop.Cart) session.getAttribute("cart");
      if (cart == null) cart = new shop.Cart();
      cart.add(request.getParameter("item")); session.setAttribute("cart", cart); %><%= cart %>""",
    "cart.jsp": '<%= session.getAttribute("cart") %>',
    "place.jsp": '<% ((shop.Cart) session.getAttribute("cart")).add(request.getParameter("item")); %>added',
    "name.jsp": '<% session.setAttribute("name", request.getParameter("is")); %>set',
    "hello.jsp": '<%= session.getAttribute("name") %>',
    "keep.jsp": '<% session.setMaxInactiveInterval(Integer.parseInt(request.getParameter("seconds"))); %>kept',
    "set.jsp": """<% session.setAttribute(request.getParameter("name"), "set");
      Thread.sleep(Long.parseLong(request.getParameter("ms"))); %>set""",
    "names.jsp": """<%= String.join(" ", new java.util.TreeSet<String>(
      java.util.Collections.list(session.getAttributeNames()))) %>""",
    "remove.jsp": '<% session.removeAttribute(request.getParameter("name")); %>removed',
    "end.jsp": "<% session.invalidate(); %>ended",
    "login.jsp": '<% request.changeSessionId(); session.setAttribute("name", "Ada"); %>in',
    "forward.jsp": '<jsp:forward page="add.jsp"/>',
    "fail.jsp": "<% response.sendError(500); %>",
    "error.jsp": """<%@ page isErrorPage="true" %><% request.getSession().setAttribute("name", "failed"); %>sorry""",
    "later.jsp": """<% request.setAttribute("org.apache.catalina.ASYNC_SUPPORTED", Boolean.TRUE);
      final AsyncContext later = request.startAsync();
      final HttpSession visit = session;
      new Thread(new Runnable() { public void run() {
        try { Thread.sleep(200); } catch (InterruptedException e) { return; }
        visit.setAttribute("name", "later"); later.complete(); } }).start(); %>""",
    "odd.jsp": """<% session.setAttribute("odd", new Object());
      session.setAttribute("deep", new java.util.ArrayList<Object>(java.util.Arrays.<Object>asList(new Thread())));
      session.setAttribute("name", "Ada"); %>set""",
    "gadget.jsp": """<% session.setAttribute("gadget", new javax.management.BadAttributeValueExpException("run"));
      session.setAttribute("name", "Ada"); %>set""",
    "big.jsp": '<% session.setAttribute("name", "big"); session.setAttribute("big", new byte[1 << 20]); %>set',
    "fill.jsp": """<%@ page session="false" %><% int made = Integer.parseInt(request.getParameter("sessions"));
      for (int n = 0; n < made; n++) {
        java.io.InputStream in = new java.net.URL("http://127.0.0.1:8080/stock.jsp").openStream();
        while (in.read() >= 0) { }
        in.close(); } %><%= made %> made""",
    "stock.jsp": """<% java.util.ArrayList<String> seen = new java.util.ArrayList<String>();
      for (int n = 0; n < 100; n++) seen.add("product " + session.getId() + " " + (1000 + n));
      session.setAttribute("seen", seen); %>stocked""",
    "heap.jsp": """<%@ page session="false" %><% Runtime java = Runtime.getRuntime();
      for (int n = 0; n < 3; n++) System.gc(); %><%= java.totalMemory() - java.freeMemory() %>""",
}
"""``fill.jsp`` makes sessions of 5 kB by requests to its own replica, so that no load crosses the network."""
_WEB_XML = """<web-app xmlns="http://xmlns.jcp.org/xml/ns/javaee" version="3.0">{}
  <error-page><error-code>500</error-code><location>/error.jsp</location></error-page></web-app>"""
USUAL = "tomcat:10.1-jdk17-temurin"
_APIS = ("servlet-api.jar", "websocket-api.jar", "websocket-client-api.jar")


def war(
    classes: Mapping[str, str] = MappingProxyType(SHOP),
    *,
    web_xml: str = "",
    context_xml: str = "",
    pages: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """A WAR with the pages, and with these classes by their simple names; the texts are elements of its descriptors."""
    files = {"WEB-INF/web.xml": _WEB_XML.format(web_xml), **_PAGES, **pages}
    if context_xml:
        files["META-INF/context.xml"] = f"<Context>{context_xml}</Context>"
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
        for path in _compiled(classes, Path(folder)):
            archive.writestr(zipfile.ZipInfo(f"WEB-INF/classes/shop/{path.name}"), path.read_bytes())
    return packed.getvalue()


def _compiled(classes: Mapping[str, str], folder: Path) -> list[Path]:
    """The class files; without the servlet API they run on every line's Java."""
    for name, text in classes.items():
        (folder / f"{name}.java").write_text(text)
    options = ["--release", "8", "-Xlint:-options"]
    if any("jakarta." in text for text in classes.values()):
        for name in _APIS:
            (folder / name).write_bytes(_jar(name))
        options = ["--release", "17", "-classpath", ":".join(str(folder / name) for name in _APIS)]
    sources = [str(path) for path in folder.glob("*.java")]
    subprocess.run(["javac", *options, "-d", str(folder), *sources], check=True)
    return sorted((folder / "shop").glob("*.class"))


@cache
def _jar(name: str) -> bytes:
    """One of Tomcat's own."""
    command = ["docker", "run", "--rm", "--entrypoint", "cat", USUAL, f"/usr/local/tomcat/lib/{name}"]
    return subprocess.run(command, capture_output=True, check=True).stdout
