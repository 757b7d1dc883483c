"""How long a WAR's sessions live."""

from __future__ import annotations

import io
import math
import zipfile

import pytest

from hookserver.builders.session_timeout import of_minutes, of_war


def war(web_xml: str | None) -> zipfile.ZipFile:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        if web_xml is not None:
            archive.writestr("WEB-INF/web.xml", web_xml)
    return zipfile.ZipFile(packed)


@pytest.mark.parametrize(
    "space", ["", ' xmlns="https://jakarta.ee/xml/ns/jakartaee"', ' xmlns="http://java.sun.com/x"']
)
def test_the_minutes_of_the_web_xml_are_told_in_seconds(space: str) -> None:
    config = "<session-config><session-timeout> 15 </session-timeout></session-config>"
    assert of_war(war(f"<web-app{space}>{config}</web-app>")) == 900


@pytest.mark.parametrize(
    "web_xml", [None, "<web-app/>", "no xml", '<!DOCTYPE x [<!ENTITY y "z">]><web-app>&y;</web-app>']
)
def test_a_war_that_says_nothing_has_tomcats_half_hour(web_xml: str | None) -> None:
    assert of_war(war(web_xml)) == 1800


def test_a_doctype_of_the_old_days_is_read() -> None:
    config = "<session-config><session-timeout>5</session-timeout></session-config>"
    doctype = (
        '<!DOCTYPE web-app PUBLIC "-//Sun//DTD Web Application 2.3//EN" "http://java.sun.com/dtd/web-app_2_3.dtd">'
    )
    assert of_war(war(f"{doctype}<web-app>{config}</web-app>")) == 300


@pytest.mark.parametrize(("text", "seconds"), [("0", math.inf), ("-1", math.inf), ("x", 1800), ("", 1800)])
def test_sessions_that_never_end_and_what_is_no_number(text: str, seconds: float) -> None:
    assert of_minutes(text) == seconds
