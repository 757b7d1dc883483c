"""``hookserver images refresh`` and ``hookserver cache clear`` on a whole installation, with a registry on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import docker
import pytest
from docker.errors import ImageNotFound

from tests.shop import Installation, ShopProject, installed
from tests.shop.installation import SCRIPT
from tests.shop.registry import Registry, registry
from tests.shop.wars import war

TOMCAT = "tomcat:10.1-jdk17-temurin"
CACHE = "if [ -e /root/.m2/poison ]; then echo poisoned; else echo clean; touch /root/.m2/poison; fi"


@pytest.fixture(scope="module")
def remote() -> Iterator[Registry]:
    with registry() as made:
        yield made


@pytest.fixture(scope="module")
def newer() -> Iterator[str]:
    """The id of another Tomcat image, which is removed once nothing is made on it."""
    client = docker.from_env()
    container = client.containers.create(TOMCAT)
    image = container.commit(changes="LABEL it.refresh=newer")
    container.remove()
    yield str(image.id)
    with suppress(ImageNotFound):  # it is gone with its last name
        client.images.remove(str(image.id), force=True)
    client.close()


@pytest.fixture(scope="module")
def site(remote: Registry, newer: str) -> Iterator[Installation]:
    with installed("172.30.184.0/24") as made:
        names = [remote.name(image) for image in ("tomcat:it", "builder:it")]
        for name in names:
            made.docker.images.get(TOMCAT).tag(*name.rsplit(":", 1))
        try:
            yield made
        finally:
            for name in names:
                made.docker.images.remove(name, force=True)


@pytest.fixture(scope="module")
def shop(site: Installation, remote: Registry) -> ShopProject:
    tomcat = f'image = "{remote.name("tomcat:it")}"'
    build = SCRIPT.replace(TOMCAT, remote.name("builder:it"))
    project = site.add_app("it-refresh", build=build, tomcat=tomcat, app='poll = "0"')
    site.start()
    project.commit({"app.war": war("one"), "build.sh": f"{CACHE}; mkdir -p target; cp app.war target/app.war"})
    ended = site.ended(project.push().deploy)
    assert ended["status"] == "live", site.log(ended["deploy"])
    return project


def test_log_has_digest_and_age_of_what_the_build_starts_from(site: Installation, shop: ShopProject) -> None:
    log = site.log(site.latest(shop.app))
    app = site.settings.apps[shop.app]
    for setting, image in (("tomcat.image", app.tomcat.image), ("build.image", app.build.image)):
        (line,) = (line for line in log.splitlines() if f"{setting}: {image}, sha256:" in line)
        assert line.endswith(" days old")


def test_refresh_without_a_registry_says_so_and_changes_nothing(
    site: Installation, shop: ShopProject, remote: Registry
) -> None:
    before, image = site.latest(shop.app), site.docker.images.get(remote.name("tomcat:it")).id
    done = site.command("images", "refresh", shop.app)
    assert done.returncode == 6
    assert "cannot be pulled" in done.stderr
    assert "Nothing has changed." in done.stderr
    assert site.latest(shop.app) == before
    assert site.docker.images.get(remote.name("tomcat:it")).id == image
    assert site.visit(shop.app, "/health").status == 200


def test_refresh_deploys_the_live_commit_again_on_the_newer_image(
    site: Installation, shop: ShopProject, remote: Registry, newer: str
) -> None:
    remote.take(site.docker.api, str(site.docker.images.get(TOMCAT).id), "builder:it")
    remote.take(site.docker.api, newer, "tomcat:it")
    before = site.store.live_release(shop.app)
    assert before
    done = site.command("images", "refresh", shop.app)
    assert done.returncode == 0, done.stderr
    live = site.store.live_release(shop.app)
    assert live
    assert live.deploy > before.deploy
    assert live.commit == before.commit
    assert site.docker.images.get(live.image).labels["it.refresh"] == "newer"
    assert site.visit(shop.app, "/health").status == 200
    assert site.command("images", "refresh", shop.app).returncode == 0
    assert site.latest(shop.app) == live.deploy, "there is nothing newer"


def test_build_after_its_cache_is_cleared_starts_with_an_empty_one(site: Installation, shop: ShopProject) -> None:
    def rebuilt() -> str:
        done = site.command("deploy", shop.app, "--rebuild")
        assert done.returncode == 0, done.stderr
        return site.log(site.latest(shop.app))

    assert "poisoned" in rebuilt()
    done = site.command("cache", "clear", shop.app)
    assert (done.returncode, done.stdout) == (0, f"hookserver-{shop.app}-m2\n")
    assert "clean" in rebuilt()
