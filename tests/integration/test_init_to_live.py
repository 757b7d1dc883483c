"""A stranger's project: ``hookserver init --yes``, ``up``, a push, and it is live. Nothing that init wrote is changed.

Beside it stands what belongs to this machine: its ports, network and folder, certificates for the builds, and the only
Gradle that can be had without a registry of images.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.shop import Installation, ShopProject, installed
from tests.shop.strangers import STRANGERS, Stranger

CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
GRADLE = "gradle:4.4-jdk17"


@dataclass(frozen=True)
class InitPlace:
    """An installation with the settings that init wrote for every project."""

    site: Installation
    projects: Mapping[str, ShopProject]


@pytest.fixture(scope="module")
def place() -> Iterator[InitPlace]:
    with installed("172.30.182.0/24") as site:
        api = servlet_api(site)
        projects = {name: clone(site, name, stranger, api) for name, stranger in STRANGERS.items()}
        for name, project in projects.items():
            site.apps[name] = on_this_machine(proposed(project))
        site.write_settings()
        site.start()
        yield InitPlace(site, projects)


def servlet_api(site: Installation) -> bytes:
    """The jar that a Tomcat brings."""
    made = site.docker.containers.create(
        "tomcat:10.1-jdk17-temurin", labels={"hookserver.state_dir": str(site.state.root)}
    )
    chunks, _ = made.get_archive("/usr/local/tomcat/lib/servlet-api.jar")
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        content = archive.extractfile("servlet-api.jar")
        assert content is not None
        return content.read()


def clone(site: Installation, name: str, stranger: Stranger, api: bytes) -> ShopProject:
    project = ShopProject(name, site.folder / "work" / name, site.state.push_repository(name))
    project.commit({**stranger.files, stranger.servlet_api: api} if stranger.servlet_api else stranger.files)
    return project


def proposed(project: ShopProject) -> str:
    """The settings that init writes into the clone, from the app's table on."""
    command = [sys.executable, "-m", "hookserver", "init", str(project.folder)]
    subprocess.run([*command, "--yes", "--domain", f"{project.app}.test"], check=True, capture_output=True)
    text = (project.folder / "hookserver.toml").read_text()
    assert f"[apps.{project.app}]" in text
    return text[text.index(f"[apps.{project.app}]") :]


def on_this_machine(text: str) -> str:
    """With what the builds need here."""
    extra = f'ca_bundle = "{CA_BUNDLE}"\n' if CA_BUNDLE.exists() and "\nca_bundle = " not in text else ""
    lines = [f'image = "{GRADLE}"' if line.startswith('image = "gradle:') else line for line in text.splitlines()]
    return "\n".join(lines).replace(".build]\n", f".build]\n{extra}", 1) + "\n"


@pytest.mark.parametrize("name", STRANGERS)
def test_project_is_live_after_init_up_and_a_push(place: InitPlace, name: str) -> None:
    pushed = place.projects[name].push()
    assert "is live" in pushed.output, pushed.output
    answer = place.site.visit(name, STRANGERS[name].page)
    assert (answer.status, STRANGERS[name].words in answer.text) == (200, True), answer.text


def test_project_with_a_cart_gets_shared_sessions(place: InitPlace) -> None:
    assert [name for name, text in place.site.apps.items() if '\nsessions = "shared"' in text] == ["oldshop"]
    place.projects["oldshop"].push()
    assert place.site.visit("oldshop", "/basket").status == 200
    assert any((place.site.state.root / "sessions" / "oldshop").iterdir())
