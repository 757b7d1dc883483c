"""The choice among the kinds of build."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from hookserver.builders.job import BuildJob
from hookserver.builders.registry import KINDS, base_images, choose
from hookserver.config import AppSettings
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError

SUBNET = IPv4Network("172.30.240.0/27")

TOMCAT = "FROM tomcat:10.1\n"
POM = '<project xmlns="http://maven.apache.org/POM/4.0.0"><packaging>war</packaging></project>'


def chosen(tmp_path: Path, files: Mapping[str, str], **build: str) -> tuple[str, str]:
    """The kind's name and the log."""
    source = tmp_path / "source"
    for name, text in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    settings = {"name": "shop", "repository": "push", "domains": ["shop.example.com"], "build": build}
    job = BuildJob(AppSettings.model_validate(settings), 1, "c" * 40, source, tmp_path, SUBNET)
    with contextlib.closing(DeployLog(tmp_path / "log")) as log:
        kind = choose(job, log)
    return next(name for name, known in KINDS.items() if known is kind), (tmp_path / "log").read_text()


def test_pom_is_maven_and_the_log_shows_its_packaging(tmp_path: Path) -> None:
    kind, log = chosen(tmp_path, {"pom.xml": POM})
    assert kind == "maven"
    assert "pom.xml with packaging war: maven" in log


@pytest.mark.parametrize("files", [{"pom.xml": POM}, {"build.gradle": ""}, {"shop.war": ""}])
def test_dockerfile_is_never_chosen_by_auto(tmp_path: Path, files: dict[str, str]) -> None:
    kind, log = chosen(tmp_path, {"Dockerfile": TOMCAT, **files})
    assert kind != "dockerfile"
    assert 'there is also Dockerfile; build.kind = "dockerfile" uses it' in log


def test_dockerfile_alone_is_refused_with_the_setting_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="has a Dockerfile only") as refused:
        chosen(tmp_path, {"Dockerfile": TOMCAT})
    assert 'build.kind = "dockerfile"' in refused.value.remedy
    assert chosen(tmp_path, {}, kind="dockerfile")[0] == "dockerfile"


def test_named_kind_and_war_on_the_host_need_no_match(tmp_path: Path) -> None:
    assert chosen(tmp_path, {"pom.xml": POM}, kind="war")[0] == "war"
    assert chosen(tmp_path, {"pom.xml": POM}, war="/srv/shop.war")[0] == "war"


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"build.gradle": ""}, "gradle"),
        ({"settings.gradle.kts": ""}, "gradle"),
        ({"build.xml": "<project/>"}, "ant"),
        ({"build.xml": "<project/>", "build.gradle": ""}, "gradle"),
        ({"build.gradle": "", "pom.xml": POM}, "maven"),
        ({"build.xml": "<project/>", "dist/shop.war": ""}, "ant"),
    ],
)
def test_gradle_and_ant_are_recognised_by_their_files(tmp_path: Path, files: dict[str, str], kind: str) -> None:
    assert chosen(tmp_path, files)[0] == kind


def test_project_without_a_match_is_refused_with_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"pom\.xml .*\*\.war"):
        chosen(tmp_path, {"main.go": ""})


@pytest.mark.parametrize(
    ("build", "tomcat", "images"),
    [
        ({"kind": "war"}, {}, {"tomcat:10": "tomcat.image"}),
        ({"kind": "maven"}, {}, {"tomcat:10": "tomcat.image", "maven:3.9-eclipse-temurin-17": "build.image"}),
        ({"kind": "gradle", "image": "ours:1"}, {}, {"tomcat:10": "tomcat.image", "ours:1": "build.image"}),
        (
            {"kind": "ant"},
            {"migrate": True},
            {
                "tomcat:10": "tomcat.image",
                "ant:1.10-jdk17": "build.image",
                "maven:3.9-eclipse-temurin-17": "build.image",
            },
        ),
        ({"kind": "dockerfile"}, {}, {}),
    ],
)
def test_base_images_are_those_that_the_settings_name(
    build: dict[str, object], tomcat: dict[str, object], images: dict[str, str]
) -> None:
    facts = {"name": "shop", "repository": "push", "domains": ["shop.example.com"]}
    app = AppSettings.model_validate({**facts, "build": build, "tomcat": {"image": "tomcat:10", **tomcat}})
    assert base_images(app) == images


def test_base_images_of_an_unnamed_kind_are_those_of_all() -> None:
    app = AppSettings.model_validate({"name": "shop", "repository": "push", "domains": ["shop.example.com"]})
    defaults = {kind.default_image for kind in KINDS.values()} - {""}
    assert base_images(app) == {**dict.fromkeys(defaults, "build.image"), app.tomcat.image: "tomcat.image"}
