"""``hookserver init``: it asks a person, asks no script, and never overwrites a file."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from hookserver.cli import cli
from hookserver.cli import init_project as command
from hookserver.config import load
from hookserver.errors import Refused
from tests.unit.project.trees import MULTI_MODULE, dependency, plant, pom, servlet


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "on_terminal", lambda: True)


def run(*arguments: str | Path, typed: str = "") -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)], input=typed)


def test_script_is_not_asked(tmp_path: Path) -> None:
    done = run("init", plant(tmp_path, MULTI_MODULE), "--yes")
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{tmp_path / 'hookserver.toml'}\n"
    app = load(tmp_path / "hookserver.toml").settings.apps["corner-web"]
    assert app.domains == ("shop.example.com",)
    assert "to decide: domains" in done.stderr
    assert "found: web/pom.xml, packaging war" in done.stderr


def test_settings_are_readable_by_their_owner_and_the_web_process_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = os.getegid()
    monkeypatch.setattr(command, "find_web_user", lambda _: SimpleNamespace(pw_gid=group))
    run("init", plant(tmp_path, MULTI_MODULE), "--yes")
    found = (tmp_path / "hookserver.toml").stat()
    assert (found.st_mode & 0o777, found.st_gid) == (0o640, group)


def test_no_question_is_asked_without_a_terminal(tmp_path: Path) -> None:
    assert run("init", plant(tmp_path, MULTI_MODULE)).exit_code == 0


def test_domain_option_sets_the_domain(tmp_path: Path) -> None:
    done = run("init", plant(tmp_path, MULTI_MODULE), "--yes", "--domain", "corner.example.org")
    assert "to decide" not in done.stderr
    assert load(tmp_path / "hookserver.toml").settings.apps["corner-web"].domains == ("corner.example.org",)


def test_invalid_domain_is_a_usage_error(tmp_path: Path) -> None:
    done = run("init", tmp_path, "--yes", "--domain", "https://corner.example.org/")
    assert done.exit_code == 2
    assert not (tmp_path / "hookserver.toml").exists()


def test_missing_folder_is_a_usage_error_and_is_not_created(tmp_path: Path) -> None:
    done = run("init", "--yes", tmp_path / "shpo")
    assert done.exit_code == 2
    assert "there is no folder" in done.stderr
    assert not (tmp_path / "shpo").exists()


@pytest.mark.usefixtures("terminal")
def test_questions_are_about_facts_that_no_file_has(tmp_path: Path) -> None:
    typed = "till\nNot a domain\ntill.example.org\n\nrelease\n"
    done = run("init", plant(tmp_path, MULTI_MODULE), typed=typed)
    assert done.exit_code == 0, done.output
    assert "is not a domain in lower case" in done.stderr
    app = load(tmp_path / "hookserver.toml").settings.apps["till"]
    assert (app.domains, app.repository, app.branch) == (("till.example.org",), "push", "release")


@pytest.mark.usefixtures("terminal")
def test_person_decides_on_contradictions(tmp_path: Path) -> None:
    libraries = dependency("jakarta.servlet", "jakarta.servlet-api", "6.0.0") + dependency("com.h2database", "h2", "2")
    files = {
        "pom.xml": pom(f"<dependencies>{libraries}</dependencies>"),
        "src/main/java/Shop.java": servlet("javax"),
        "Dockerfile": "FROM tomcat:9.0\n",
    }
    typed = "\n".join(["", "", "", "", "maven", "javax", "11", "/shop", "2"]) + "\n"
    done = run("init", plant(tmp_path, files), typed=typed)
    assert done.exit_code == 0, done.output
    app = load(tmp_path / "hookserver.toml").settings.apps["shop"]
    assert (app.build.kind, app.tomcat.image) == ("maven", "tomcat:9.0-jdk11-temurin")
    assert (app.health.path, app.replicas) == ("/shop", 2)


@pytest.mark.usefixtures("terminal")
def test_yes_option_asks_nothing_on_a_terminal(tmp_path: Path) -> None:
    done = run("init", plant(tmp_path, MULTI_MODULE), "--yes")
    assert done.exit_code == 0
    assert "brackets" not in done.stderr


@pytest.mark.usefixtures("terminal")
def test_aborted_questions_write_no_file(tmp_path: Path) -> None:
    assert run("init", plant(tmp_path, MULTI_MODULE), typed="till\n").exit_code == 1
    assert not (tmp_path / "hookserver.toml").exists()


def test_existing_settings_are_never_overwritten(tmp_path: Path) -> None:
    settings = tmp_path / "hookserver.toml"
    settings.write_text("# mine\n")
    done = run("init", tmp_path, "--yes")
    assert isinstance(done.exception, Refused)
    assert settings.read_text() == "# mine\n"


def test_dangling_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "hookserver.toml").symlink_to(tmp_path / "elsewhere")
    assert isinstance(run("init", tmp_path, "--yes").exception, Refused)
    assert not (tmp_path / "elsewhere").exists()


def test_settings_can_be_outside_the_project(tmp_path: Path) -> None:
    project = plant(tmp_path / "shop", MULTI_MODULE)
    target = tmp_path / "etc" / "hookserver.toml"
    assert run("--config", target, "init", project, "--yes").exit_code == 0
    assert list(load(target).settings.apps) == ["corner-web"]
    assert not (project / "hookserver.toml").exists()


def test_build_trusts_the_certificates_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = plant(tmp_path, {"ca.pem": ""}) / "ca.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert run("init", plant(tmp_path / "shop", MULTI_MODULE), "--yes").exit_code == 0
    app = load(tmp_path / "shop" / "hookserver.toml").settings.apps["corner-web"]
    assert app.build.ca_bundle == bundle


def test_reason_against_shared_sessions_is_told(tmp_path: Path) -> None:
    session = {
        "pom.xml": pom(""),
        "src/main/java/shop/Shop.java": servlet("javax", inside="void x() { request.getSession(); }"),
    }
    assert "sessions" not in run("init", plant(tmp_path / "good", session), "--yes").stderr
    bean = {"src/main/java/shop/Cart.java": "@SessionScoped class Cart { }"}
    told = run("init", plant(tmp_path / "bad", {**session, **bean}), "--yes").stderr
    assert "caution: sessions are used" in told
    assert "Cart (put there by src/main/java/shop/Cart.java)" in told
