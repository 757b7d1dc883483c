"""Which WAR is deployed."""

from __future__ import annotations

import pytest

from hookserver.builders.wars.choice import choose_war, fitting_paths
from hookserver.errors import BuildError


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("target/shop.war", "target/*.war", True),
        ("web/target/shop.war", "target/*.war", False),
        ("web/target/shop.war", "**/target/*.war", True),
        ("target/shop.war", "**/target/*.war", True),
        ("a/b/target/shop.war", "a/**/shop.war", True),
        ("target/x/shop.war", "target/*.war", False),
        ("target/shop.war", "./target/shop.war", True),
        ("target/shop-1.war", "target/shop-?.war", True),
        ("target/shopXwar", "target/shop.war", False),
        ("target/[x].war", "target/[x].war", True),
    ],
)
def test_globs(path: str, pattern: str, fits: bool) -> None:
    assert fitting_paths([path], pattern) == [path] * fits


def test_war_in_the_folder_of_the_tool_is_taken_and_by_products_are_not() -> None:
    found = [
        "src/test/resources/old.war",
        "web/target/shop.war",
        "web/target/shop-sources.war",
        "web/target/test-classes/old.war",
    ]
    assert choose_war(found, "", "target") == "web/target/shop.war"


def test_side_products_that_fit_a_glob_are_passed_over_unless_they_are_all_that_fits() -> None:
    found = ["web/build/libs/shop.war", "web/build/libs/shop-plain.war"]
    assert choose_war(found, "web/build/libs/*.war", "libs") == found[0]
    assert choose_war(found, "web/build/libs/*-plain.war", "libs") == found[1]
    with pytest.raises(BuildError, match="several WARs fit"):
        choose_war([*found, "web/build/libs/admin.war"], "web/build/libs/*.war", "libs")
    with pytest.raises(BuildError, match="no WAR fits"):
        choose_war(found[1:], "", "libs")


def test_several_no_and_misnamed_wars_have_different_errors() -> None:
    with pytest.raises(BuildError, match=r"several WARs fit \*\*/target/\*\.war:\n  a/target/a.war\n  b/target/b.war"):
        choose_war(["a/target/a.war", "b/target/b.war"], "", "target")
    with pytest.raises(BuildError, match="the build produced no WAR"):
        choose_war([], "", "target")
    with pytest.raises(BuildError, match=r"no WAR fits build\.war = 'x/\*\.war'; there are:\n  out/a\.war"):
        choose_war(["out/a.war"], "x/*.war", "target")
