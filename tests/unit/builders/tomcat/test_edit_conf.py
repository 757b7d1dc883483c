"""The additions to Tomcat's files, and the app's own values that stay."""

from __future__ import annotations

from ipaddress import IPv4Network
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from hookserver.builders.tomcat.edit_conf import edit_context_xml, edit_logging_properties, edit_server_xml
from hookserver.builders.tomcat.library import AFFINITY, REQUEST_JOURNAL, SESSION_LISTENER

CLASSES = {AFFINITY, REQUEST_JOURNAL, SESSION_LISTENER}
SUBNET = IPv4Network("172.30.240.0/20")
STOCK = """<?xml version="1.0" encoding="UTF-8"?>
<!-- licence -->
<Server port="8005" shutdown="SHUTDOWN">
  <Listener className="org.apache.catalina.startup.VersionLoggerListener" />
  <Service name="Catalina">
    <!-- <Connector port="8443"/> -->
    <Connector port="8080" protocol="HTTP/1.1" connectionTimeout="20000" redirectPort="8443" />
    <Connector port="8009" protocol="AJP/1.3" />
    <Engine name="Catalina" defaultHost="localhost">
      <Realm className="org.apache.catalina.realm.LockOutRealm" />
      <Host name="localhost" appBase="webapps" unpackWARs="true" autoDeploy="true">
        <Valve className="org.apache.catalina.valves.AccessLogValve" directory="logs"
               prefix="localhost_access_log" suffix=".txt" pattern="%h &quot;%r&quot;" />
      </Host>
    </Engine>
  </Service>
</Server>
"""


def edited(text: str) -> Element:
    root: Element = fromstring(edit_server_xml(text, SUBNET).text)
    return root


def one(root: Element, path: str) -> Element:
    found = root.find(path)
    assert found is not None
    return found


def test_http_connector_stops_gracefully_and_keeps_connections() -> None:
    root = edited(STOCK)
    http, ajp = root.iter("Connector")
    assert http.attrib == {
        "port": "8080",
        "protocol": "HTTP/1.1",
        "connectionTimeout": "20000",
        "redirectPort": "8443",
        "bindOnInit": "false",
        "keepAliveTimeout": "60000",
        "maxKeepAliveRequests": "-1",
        "acceptCount": "1000",
    }
    assert ajp.attrib == {"port": "8009", "protocol": "AJP/1.3"}
    assert one(root, "Service").get("gracefulStopAwaitMillis") == "20000"
    assert root.get("port") == "-1"


def test_engine_has_its_route_and_trusts_the_host_only() -> None:
    root = edited(STOCK)
    engine = one(root, "Service/Engine")
    assert engine.get("jvmRoute") == "${hookserver.route}"
    valve = one(engine, "Valve")
    assert valve.get("className") == "org.apache.catalina.valves.RemoteIpValve"
    assert valve.get("internalProxies") == r"172\.30\.240\.1"
    assert valve.get("protocolHeader") == "X-Forwarded-Proto"
    assert valve.get("portHeader") == "X-Forwarded-Port"
    assert list(engine).index(valve) < list(engine).index(one(engine, "Host"))


def test_broken_servlet_fails_its_context_and_the_stock_access_log_is_removed() -> None:
    host = one(edited(STOCK), "Service/Engine/Host")
    assert host.get("failCtxIfServletStartFails") == "true"
    assert host.get("autoDeploy") == "true"
    assert host.find("Valve") is None


def test_comments_stay() -> None:
    text = edit_server_xml(STOCK, SUBNET).text
    assert '<!-- <Connector port="8443"/> -->' in text


def test_own_values_of_the_app_stay() -> None:
    own = """<Server port="9005"><Service gracefulStopAwaitMillis="1">
      <Connector port="8080" bindOnInit="true" keepAliveTimeout="5" maxKeepAliveRequests="7" acceptCount="9"/>
      <Engine defaultHost="mine"><Valve className="org.apache.catalina.valves.RemoteIpValve" internalProxies="x"/>
      <Host failCtxIfServletStartFails="false">
        <Valve className="org.apache.catalina.valves.AccessLogValve" directory="/dev" prefix="stdout"/>
      </Host></Engine></Service></Server>"""
    root = edited(own)
    assert one(root, "Service/Connector").attrib == {
        "port": "8080",
        "bindOnInit": "true",
        "keepAliveTimeout": "5",
        "maxKeepAliveRequests": "7",
        "acceptCount": "9",
    }
    assert root.get("port") == "9005"
    assert one(root, "Service").get("gracefulStopAwaitMillis") == "1"
    assert one(root, "Service/Engine").get("defaultHost") == "mine"
    assert [valve.get("internalProxies") for valve in root.iter("Valve")] == ["x", None]
    assert one(root, "Service/Engine/Host").get("failCtxIfServletStartFails") == "false"


def test_own_route_is_replaced_with_a_note() -> None:
    own = edit_server_xml(STOCK.replace("<Engine ", '<Engine jvmRoute="node1" '), SUBNET)
    assert one(fromstring(own.text), "Service/Engine").get("jvmRoute") == "${hookserver.route}"
    assert own.notes == (
        'conf/server.xml: jvmRoute="node1" is replaced: each replica has a route of its own, such as blue1',
    )
    assert edit_server_xml(own.text, SUBNET).notes == ()


def test_editing_twice_changes_nothing_more() -> None:
    once = edit_server_xml(STOCK, SUBNET).text
    assert edit_server_xml(once, SUBNET).text == once
    context = edit_context_xml("<Context/>").text
    assert edit_context_xml(context).text == context
    logging = edit_logging_properties("handlers = 1catalina.org.apache.juli.FileHandler\n").text
    assert edit_logging_properties(logging).text == logging


def test_another_port_gets_a_note() -> None:
    assert edit_server_xml(STOCK, SUBNET).notes == ()
    notes = edit_server_xml(STOCK.replace('"8080"', '"80"'), SUBNET).notes
    assert notes == ("conf/server.xml has no HTTP connector on port 8080, to which hookserver connects",)


@pytest.mark.parametrize(
    ("stock", "own", "text_of_the_note"),
    [
        ('port="8080"', 'port="8080" address="127.0.0.1"', 'address="127.0.0.1"'),
        ('port="8080"', 'port="8080" address="0.0.0.0"', ""),
        ('port="8080"', 'port="8080" address="${bind}"', ""),
        ('port="8009"', 'port="8009" address="127.0.0.1"', ""),
        ('port="8080"', 'port="8080" SSLEnabled="true"', "plain HTTP"),
        ('appBase="webapps"', 'appBase="apps"', 'appBase="apps"'),
        ('appBase="webapps"', 'appBase="${catalina.base}/webapps/"', ""),
        ('autoDeploy="true"', 'deployOnStartup="false"', "starts without the app"),
        ("<Valve", '<Context path="" docBase="/srv/shop"/><Valve', 'docBase="/srv/shop"'),
        ("<Valve", '<Context path="" docBase="ROOT"/><Context path="/f" docBase="/srv/f"/><Valve', ""),
        ('name="localhost"', 'name="other" appBase="apps"/><Host name="localhost"', ""),
    ],
)
def test_obstacles_for_hookserver_stay_with_a_note(stock: str, own: str, text_of_the_note: str) -> None:
    text = STOCK.replace(stock, own, 1)
    left = edit_server_xml(text, SUBNET)
    assert bool(left.notes) is bool(text_of_the_note)
    assert all(text_of_the_note in note for note in left.notes)
    connector = next(fromstring(text).iter("Connector"))
    assert connector.get("address") == one(fromstring(left.text), "Service/Connector").get("address")


def test_unreadable_file_and_entities_stay_as_they_are_with_a_note() -> None:
    bomb = '<!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/passwd">]><Server>&a;</Server>'
    for text in ("<Server", bomb, "", "<a>" * 50_000 + "</a>" * 50_000):
        left = edit_server_xml(text, SUBNET)
        assert left.text == text
        assert "stays as it is" in left.notes[0]


def test_requests_have_time_to_finish_on_tomcat_7_too() -> None:
    assert 'unloadDelay="20000"' in edit_context_xml("<Context><Manager/></Context>").text
    assert 'unloadDelay="1"' in edit_context_xml('<Context unloadDelay="1"/>').text


def test_everything_is_logged_to_the_console_and_only_stock_files_are_removed() -> None:
    text = (
        "handlers = 1catalina.org.apache.juli.AsyncFileHandler, 2localhost.org.apache.juli.AsyncFileHandler, \\\n"
        "           5shop.org.apache.juli.AsyncFileHandler, java.util.logging.ConsoleHandler\n"
        "# a comment with .handlers = x\n"
        "1catalina.org.apache.juli.AsyncFileHandler.level = ALL\n"
        "o.a.c.core.ContainerBase.[Catalina].[localhost].handlers = 2localhost.org.apache.juli.FileHandler\n"
    )
    assert edit_logging_properties(text).text.splitlines() == [
        "handlers = 5shop.org.apache.juli.AsyncFileHandler, java.util.logging.ConsoleHandler",
        "# a comment with .handlers = x",
        "1catalina.org.apache.juli.AsyncFileHandler.level = ALL",
        "o.a.c.core.ContainerBase.[Catalina].[localhost].handlers = java.util.logging.ConsoleHandler",
    ]


def test_our_valves_come_first_and_before_the_host_where_tomcat_has_their_classes() -> None:
    engine = one(fromstring(edit_server_xml(STOCK, SUBNET, CLASSES).text), "Service/Engine")
    names = [child.get("className") for child in engine]
    assert (names[0], names[-2:]) == (REQUEST_JOURNAL, [AFFINITY, None])
    assert "hookserver." not in edit_server_xml(STOCK, SUBNET).text.replace("hookserver.route", "")


def test_cluster_of_the_app_stays_and_none_is_added() -> None:
    text = STOCK.replace("<Realm", '<Cluster className="org.apache.catalina.ha.tcp.SimpleTcpCluster"/><Realm')
    for given, clusters in ((text, ["org.apache.catalina.ha.tcp.SimpleTcpCluster"]), (STOCK, [])):
        root = fromstring(edit_server_xml(given, SUBNET, CLASSES).text)
        assert [cluster.get("className") for cluster in root.iter("Cluster")] == clusters


def test_every_context_gets_the_listener_of_shared_sessions_where_tomcat_has_its_class() -> None:
    text = "<Context><WatchedResource>WEB-INF/web.xml</WatchedResource></Context>"
    listener = fromstring(edit_context_xml(text, CLASSES).text).find("Listener")
    assert listener is not None
    assert listener.get("className") == SESSION_LISTENER
    assert "Listener" not in edit_context_xml(text, {AFFINITY, REQUEST_JOURNAL}).text
