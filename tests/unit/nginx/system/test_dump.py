"""The output of ``nginx -T``, parsed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.nginx.system.dump import read_dump

MAIN = Path("/etc/nginx/nginx.conf")


def dump(**files: str) -> str:
    named = {"nginx.conf": "", **{name.replace("_", "/") + ".conf": text for name, text in files.items()}}
    named["nginx.conf"] = named.pop("main.conf")
    return "".join(f"# configuration file /etc/nginx/{name}:\n{text}\n" for name, text in named.items())


def test_included_files_stand_where_they_are_included_in_the_order_of_their_names() -> None:
    text = dump(
        main="events {}\nhttp {\n  include conf.d/*.conf;\n  server { listen 1; }\n}\n",
        conf_d_b="server { listen 3; }",
        conf_d_a="# a comment; {\nserver { include /etc/nginx/x.conf; }",
        x="listen 2;",
    ).replace("conf/d/", "conf.d/")
    found = read_dump(text)
    assert found.main == MAIN
    assert len(found.files) == 4
    (http,) = found.all("http")
    servers = http.inside("server")
    assert [server.inside("listen")[0].arguments for server in servers] == [("2",), ("3",), ("1",)]
    assert [(server.file.name, server.line) for server in servers] == [("a.conf", 2), ("b.conf", 1), ("nginx.conf", 4)]
    assert {directive.file.name for directive in servers[0].walk()} == {"a.conf", "x.conf"}


def test_quotes_escapes_variables_and_comments_are_read_as_nginx_does() -> None:
    text = dump(main="""a "b;{ \\"c\\"" 'd}#' e#f ${g}h i\\;j; # k { "\nl {m n;}o;""")
    one, two, three = read_dump(text).directives
    assert read_dump(dump(main="""a "\\\\.\\." \\\\.\\.;""")).directives[0].arguments == ("\\.\\.", "\\.\\.")
    assert one.arguments == ('b;{ "c"', "d}#", "e#f", "${g}h", "i\\;j")
    assert (two.name, two.inside("m")[0].arguments) == ("l", ("n",))
    assert (three.name, three.line) == ("o", 2)


@pytest.mark.parametrize(
    "code",
    [
        """local a = {1, 2} -- it's "so\n""",
        "-- it's {\n",
        "--[[ {\n it's ]] a = {}",
        "--[==[ ]] { ]==]",
        """a = "{\\"{" .. '}\\'{'""",
        "a = [[ {\n' ]] .. [=[ ]] } ]=]",
        "a[b[1]] = 1",
    ],
)
def test_code_in_lua_does_not_hide_what_comes_after(code: str) -> None:
    (http,) = read_dump(dump(main=f"http {{ init_by_lua_block {{ {code} }} server {{ listen 9; }} }}")).all("http")
    assert [directive.name for directive in http.children] == ["init_by_lua_block", "server"]


@given(st.text(alphabet="ab \n;{}\"'\\#$"))
def test_no_text_makes_it_fail(text: str) -> None:
    read_dump(dump(main=text))


def test_nothing_is_an_empty_configuration() -> None:
    assert read_dump("").directives == ()
