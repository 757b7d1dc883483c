"""Mistakes in Tomcat's XML files, found before the build."""

from __future__ import annotations

import pytest

from hookserver.builders.tomcat.check_xml import check_xml
from hookserver.errors import BuildError

USERS = b"""<?xml version="1.0"?><tomcat-users xmlns="http://tomcat.apache.org/xml" version="1.0">
<role rolename="manager-gui"/><user username="ada" password="x" roles="manager-gui"/></tomcat-users>"""


@pytest.mark.parametrize(
    ("place", "content", "problem"),
    [
        ("conf/server.xml", b"<Server></Service>", "is not valid XML: mismatched tag: line 1"),
        ("conf/server.xml", b"", "is not valid XML: no element found"),
        ("conf/server.xml", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Server>&x;</Server>', "entities"),
        ("conf/server.xml", b"<Context/>", "its root element is <Context>, but Tomcat expects <Server>"),
        ("conf/context.xml", b"<context/>", "expects <Context>"),
        ("conf/Catalina/localhost/a.xml", b"<Server/>", "expects <Context>"),
        ("conf/tomcat-users.xml", b"<tomcat-users><users/></tomcat-users>", "ignores <users>"),
        ("conf/tomcat-users.xml", b'<tomcat-users><user password="x"/></tomcat-users>', "has no username"),
        ("conf/tomcat-users.xml", b'<tomcat-users><user username="a"/></tomcat-users>', "the user a has no password"),
    ],
)
def test_xml_that_tomcat_ignores_is_refused(place: str, content: bytes, problem: str) -> None:
    with pytest.raises(BuildError, match=problem):
        check_xml(place, content, "file.xml")


def test_xml_that_tomcat_reads_is_accepted() -> None:
    check_xml("conf/tomcat-users.xml", USERS, "x")
    check_xml("conf/server.xml", b"<!DOCTYPE Server><Server/>", "x")
    check_xml("conf/Catalina/localhost/a.xml", b"<Context docBase='x'/>", "x")
    check_xml("conf/anything.xml", b"<x/>", "x")
