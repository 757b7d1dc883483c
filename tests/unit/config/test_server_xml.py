"""Settings of an app's ``server.xml`` that conflict with how hookserver runs it."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring  # the test's own text

import pytest

from hookserver.config.server_xml import obstacles

SERVER = """
<Server><Service>
  <Connector port="8080"/><Connector port="8443" address="10.0.0.1" SSLEnabled="true"/>
  <Engine defaultHost="localhost"><Host name="localhost" appBase="webapps"></Host><Host name="b" appBase="b"/></Engine>
</Service></Server>
"""


def found(old: str = "", new: str = "") -> tuple[str, ...]:
    assert old in SERVER
    return obstacles(fromstring(SERVER.replace(old, new, 1)), "8080")


@pytest.mark.parametrize(
    ("old", "new", "obstacle"),
    [
        ('port="8080"', 'port="8080" address="127.0.0.1"', 'has address="127.0.0.1"'),
        ('port="8080"', 'port="8080" SSLEnabled="TRUE"', 'has SSLEnabled="true"'),
        ('appBase="webapps"', 'appBase="/srv/apps"', 'has appBase="/srv/apps"'),
        ('name="localhost"', 'deployOnStartup="False"', "Tomcat starts without the app"),
        ("></Host>", '><Context path="" docBase="/srv/shop"/></Host>', '<Context path="" docBase="/srv/shop">'),
    ],
)
def test_conflict_is_reported_in_one_line(old: str, new: str, obstacle: str) -> None:
    (line,) = found(old, new)
    assert obstacle in line


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ('port="8080"', 'port="8080" address="0.0.0.0"'),
        ('port="8080"', 'port="8080" address="${address}"'),
        ('appBase="webapps"', 'appBase="${catalina.base}/webapps/"'),
        ("></Host>", '><Context path="/other" docBase="/srv/other"/></Host>'),
        ("></Host>", '><Context docBase="ROOT"/></Host>'),
    ],
)
def test_usual_and_what_a_property_sets_is_no_conflict(old: str, new: str) -> None:
    assert found(old, new) == ()
