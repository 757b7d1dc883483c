"""The settings are walked by the types of their schema."""

from __future__ import annotations

from pathlib import Path

from hookserver.config.paths import Content
from hookserver.config.secrets import Section
from hookserver.config.walk import files_of, values_of
from tests.unit.config.samples import settings


class Tree(Section):
    """Every shape in which a table has values."""

    word: str = "a"
    listed: tuple[int, ...] = (1, 2)
    table: dict[str, tuple[str, ...]] = {"x": ("b",)}  # noqa: RUF012 - as the schema's own, frozen by pydantic


def test_each_value_comes_with_its_key_at_any_depth() -> None:
    assert list(values_of(Tree(), ("top",))) == [
        (("top", "word"), "a", None),
        (("top", "listed"), 1, None),
        (("top", "listed"), 2, None),
        (("top", "table", "x"), "b", None),
    ]


def test_type_of_a_value_says_what_is_in_its_file() -> None:
    app = settings('build.env_files = { KEY = "/key" }\ntomcat.env_file = "/env"\nbuild.war = "*.war"').apps["shop"]
    contents = {".".join(key): content for key, _, content in values_of(app)}
    assert contents["build.env_files.KEY"] is Content.SECRET
    assert contents["tomcat.env_file"] is Content.VARIABLES
    assert contents["build.war"] is Content.OTHER
    assert contents["branch"] is None


def test_files_are_those_of_this_machine_alone() -> None:
    files = '"lib/driver.jar" = "/driver.jar", "conf/server.xml" = "in/the/repository.xml"'
    app = settings(f'build.war = "/x.war"\nbuild.ca_bundle = ""\ntomcat.files = {{ {files} }}').apps["shop"]
    assert list(files_of(app)) == [
        (("build", "war"), Path("/x.war")),
        (("tomcat", "files", "lib/driver.jar"), Path("/driver.jar")),
    ]
