"""The remedies for failed builds, by their output."""

from __future__ import annotations

from types import ModuleType

import pytest

from hookserver.builders.kinds import ant, gradle, maven
from hookserver.builders.running.advice import advice


@pytest.mark.parametrize(
    ("line", "setting"),
    [
        (
            "Could not transfer artifact a:b:pom:1 from/to company (https://x/): status code: 401, Unauthorized",
            "env_files",
        ),
        ("> Could not GET 'https://x/a.pom'. Received status code 403 from server: Forbidden", "env_files"),
        ("sun.security.validator.ValidatorException: PKIX path building failed: unable to find", "ca_bundle"),
        ("Caused by: java.net.UnknownHostException: nexus.example.com", "offline"),
        ("Fatal error compiling: error: invalid target release: 21", "newer Java"),
        ("    [javac] error: Source option 6 is no longer supported. Use 7 or later.", "older JDK"),
        ("[ERROR] Target option 1.5 is no longer supported. Use 1.8 or later.", "older JDK"),
        ("    [javac] error: release version 21 not supported", "JDK that does"),
        ("> Unsupported class file major version 61", "older Java"),
    ],
)
def test_advice_names_the_setting(line: str, setting: str) -> None:
    assert setting in advice(line.__contains__, {}, "usual")


@pytest.mark.parametrize(
    "line",
    [
        "> Cannot find a Java installation on your machine matching: {languageVersion=21}.",
        "> No matching toolchains found for requested specification: {languageVersion=21} for LINUX on x86_64.",
    ],
)
def test_missing_toolchain_of_gradle_is_an_error_with_its_remedy(line: str) -> None:
    assert gradle.is_error(line)
    assert "image with that Java" in advice(line.__contains__, gradle.ADVICE, "usual")


@pytest.mark.parametrize(
    "line",
    [
        "Error: Could not find or load main class org.apache.maven.wrapper.MavenWrapperMain",
        "curl: Failed to fetch https://repo.example.com/apache-maven-3.9.9-bin.zip",
    ],
)
def test_maven_wrapper_that_fetched_nothing_names_certificates_proxy_and_command(line: str) -> None:
    assert maven.is_error(line)
    remedy = advice(line.__contains__, maven.ADVICE, "usual")
    assert all(way in remedy for way in ("build.ca_bundle", "a proxy into build.env", 'build.command = ["mvn", '))


@pytest.mark.parametrize("kind", [ant, gradle])
def test_error_of_javac_without_a_file_is_an_error_of_the_build(kind: ModuleType) -> None:
    message = "error: Source option 6 is no longer supported. Use 7 or later."
    assert kind.is_error(f"    [javac] {message}" if kind is ant else message)


def test_own_advice_of_a_kind_is_first_and_an_unknown_failure_has_the_usual_remedy() -> None:
    assert advice("UnknownHostException at wrapper".__contains__, {"at wrapper": "own"}, "usual") == "own"
    assert advice("error: cannot find symbol".__contains__, {}, "usual") == "usual"
