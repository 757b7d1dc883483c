"""Property files and references to their values."""

from __future__ import annotations

from hookserver.project.builds.properties import expand, read_properties


def test_first_value_of_a_property_counts() -> None:
    assert read_properties("# no = x\na = 1\n b:2\na = 3\n", "a.properties") == {"a": "1", "b": "2"}


def test_nested_yaml_keys_are_joined() -> None:
    text = "server:\n  port: 8080 # ours\n  ssl:\n    enabled: 'no'\nlist:\n  - a\nname: shop\n"
    assert read_properties(text, "application.yml") == {
        "server.port": "8080",
        "server.ssl.enabled": "no",
        "name": "shop",
    }


def test_references_are_expanded_and_unknown_ones_stay() -> None:
    values = {"a": "${b}/x", "b": "1", "empty": ""}
    assert expand("${a} ${ b }${empty} ${c}", values.get) == "1/x 1 ${c}"


def test_references_to_each_other_end_with_a_limited_length() -> None:
    assert len(expand("${a}", {"a": "${b}${b}", "b": "${a}${a}"}.get)) <= 2000
