"""Tiny WARs, each with one behaviour. A good one has static files alone, so nothing is compiled at its start."""

from __future__ import annotations

import io
import zipfile

_WEB_XML = """<?xml version="1.0" encoding="UTF-8"?>
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0" metadata-complete="true">
  <absolute-ordering/>
{servlets}  <session-config><cookie-config><name>SHOPSESSION</name></cookie-config></session-config>
  <mime-mapping><extension>txt</extension><mime-type>text/plain</mime-type></mime-mapping>
  <welcome-file-list><welcome-file>index.txt</welcome-file></welcome-file-list>
</web-app>
"""
_START = """  <servlet><servlet-name>start</servlet-name><jsp-file>/start.jsp</jsp-file>
    <load-on-startup>1</load-on-startup></servlet>
"""
_HEALTH = """  <servlet><servlet-name>health</servlet-name><jsp-file>/health.jsp</jsp-file></servlet>
  <servlet-mapping><servlet-name>health</servlet-name><url-pattern>/health</url-pattern></servlet-mapping>
"""
_ANEW = """<% session.invalidate(); session = request.getSession();
if (request.getParameter("name") != null) session.setAttribute("name", request.getParameter("name")); %>"""
_SLOW = """<% Thread.sleep(Long.parseLong(request.getParameter("ms")));
if (request.getParameter("keep") != null)
  session.setMaxInactiveInterval(Integer.parseInt(request.getParameter("keep"))); %>"""

EXITS = '<%! public void jspInit() { System.err.println("FATAL no licence found"); Runtime.getRuntime().halt(3); } %>'
"""The JVM ends while the app starts."""
FAILS_TO_START = '<%! public void jspInit() { throw new IllegalStateException("no database at db:5432"); } %>'
"""Tomcat goes on, without the context: every path is a 404."""
TAKES_ALL_MEMORY = """<%! public void jspInit() {
  java.util.List<Object> kept = new java.util.ArrayList<>();
  for (int i = 0; i < 64; i++) {
    java.nio.ByteBuffer part = java.nio.ByteBuffer.allocateDirect(32 << 20);
    for (int at = 0; at < part.capacity(); at += 4096) part.put(at, (byte) 1);
    kept.add(part);
  }
} %>"""
"""More than the container's limit, outside the heap: the kernel kills it."""
STOPS_SLOWLY = """<%! public void jspDestroy() {
  try { Thread.sleep(6000); } catch (InterruptedException e) { }
} %>"""
"""Retiring it takes 6 s."""

ANSWERS_500 = '<% if (true) throw new IllegalStateException("no connection to the database"); %>'
ANSWERS_LATE = "<% Thread.sleep(8000); %>late"
ANSWERS_SLOWLY = "<% Thread.sleep(1000); %>well"
"""In time, but a check of three answers takes more than 3 s."""
ANSWERS_THEN_DIES = """<%! static final java.util.concurrent.atomic.AtomicInteger asked =
  new java.util.concurrent.atomic.AtomicInteger(); %><%
if (asked.incrementAndGet() == 3) {
  System.err.println("FATAL the cache is corrupt");
  Runtime.getRuntime().halt(5);
} %>well"""
"""Two good answers; the JVM ends instead of the third."""
DIES_WHEN_IT_SERVES = """<%! static final java.util.concurrent.atomic.AtomicInteger asked =
  new java.util.concurrent.atomic.AtomicInteger(); %><%
if (asked.incrementAndGet() == 3) new Thread(() -> {
  try { Thread.sleep(2500); } catch (InterruptedException e) { }
  System.err.println("FATAL the licence is for one hour");
  Runtime.getRuntime().halt(6);
}).start(); %>well"""
"""A whole check's good answers; the JVM ends some seconds after the switch."""


def war(version: str, health: str = "", start: str = "") -> bytes:
    """A WAR that answers ``version`` at ``/``, and at ``/slow.jsp?ms=…`` after that time, where it makes a session.

    With ``&keep=…`` that ends after so many seconds of silence. ``/anew.jsp`` ends the session and makes another, for
    who logs out, or with ``?name=…`` in.
    ``/health`` is ``well``, or what the JSP text ``health`` makes of it; ``start`` is a JSP that the start loads.
    """
    files = {
        "WEB-INF/web.xml": _WEB_XML.format(servlets=_START * bool(start) + _HEALTH * bool(health)),
        "index.txt": version,
        "slow.jsp": _SLOW + version,
        "anew.jsp": _ANEW + version,
        "health.jsp" if health else "health": health or "well",
    }
    if start:
        files["start.jsp"] = start
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return packed.getvalue()
