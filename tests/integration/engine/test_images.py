from __future__ import annotations

from pathlib import Path

import pytest
from docker.utils import parse_repository_tag

from hookserver.engine.client import Engine
from hookserver.engine.images import (
    describe,
    ensure_image,
    find_images,
    image_id,
    inspect_image,
    refresh_images,
    remove_image,
)
from hookserver.engine.labels import APP, STATE_DIR
from hookserver.engine.temporary import TemporaryContainers
from hookserver.errors import BuildError
from tests.integration.engine.conftest import MakeImage
from tests.shop.registry import registry


def test_image_is_found_by_its_labels_the_newest_first(engine: Engine, make_image: MakeImage, tmp_path: Path) -> None:
    first = make_image({"a": b"1"}, app="shop", commit="1")
    second = make_image({"a": b"2"}, app="shop", commit="2")
    make_image({"a": b"3"}, app="other")
    images = find_images(engine, {STATE_DIR: tmp_path, APP: "shop"})
    assert {image["Id"] for image in images} == {first, second}
    assert images == sorted(images, key=lambda image: -image["Created"])
    assert inspect_image(engine, first)["Config"]["Labels"]["hookserver.commit"] == "1"


def test_image_that_is_here_is_not_pulled(engine: Engine, make_image: MakeImage) -> None:
    image = make_image({"a": b"1"})
    reported: list[str] = []
    assert ensure_image(engine, image, "build.image", reported.append) == image_id(engine, image) == image
    assert reported == []


def test_missing_image_is_refused_with_its_setting(engine: Engine) -> None:
    reported: list[str] = []
    with pytest.raises(
        BuildError, match=r"localhost:1/none:1 \(build\.image\) is not on this machine and cannot be pulled"
    ):
        ensure_image(engine, "localhost:1/none:1", "build.image", reported.append)
    assert reported == ["pulling localhost:1/none:1"]
    assert image_id(engine, "localhost:1/none:1") == ""
    with pytest.raises(BuildError, match="cannot inspect the image localhost:1/none:1"):
        inspect_image(engine, "localhost:1/none:1")


def test_removal_spares_an_image_that_a_container_or_another_tag_uses(
    engine: Engine, make_image: MakeImage, tmp_path: Path
) -> None:
    image = make_image({"a": b"1"})
    containers = TemporaryContainers(engine, tmp_path)
    with containers.create("shop", 1, image, "use", entrypoint=["none"]):
        assert not remove_image(engine, image, [image])
    containers.wait_removed()
    for tag in ("ours", "another"):
        engine.api.tag(image, f"hookserver-test-{tmp_path.name.lower()}", tag)
    name = f"hookserver-test-{tmp_path.name.lower()}"
    assert not remove_image(engine, image, [f"{name}:ours"])
    assert remove_image(engine, image, [f"{name}:another"])
    assert remove_image(engine, image, [image])


def test_refresh_pulls_a_newer_image_and_its_digest_and_age_are_reported(
    engine: Engine, make_image: MakeImage, tmp_path: Path
) -> None:
    old, new = make_image({"a": b"1"}), make_image({"a": b"2"})
    with registry() as remote:
        name = remote.name(f"{tmp_path.name.lower()}:1")
        reported: list[str] = []
        try:
            remote.take(engine.api, old, f"{tmp_path.name.lower()}:1")
            assert refresh_images(engine, {name: "build.image"}, reported.append) == set()
            assert reported == [], "an image that is not here is none of an earlier build"
            assert ensure_image(engine, name, "build.image", reported.append) == old
            assert refresh_images(engine, {name: "build.image"}, reported.append) == set()
            digest = remote.take(engine.api, new, f"{tmp_path.name.lower()}:1")
            assert refresh_images(engine, {name: "build.image"}, reported.append) == {name}
            assert image_id(engine, name) == new
            assert describe(engine, name) == f"{name}, {digest}, 0 days old"
            assert reported[-1] == f"build.image: {describe(engine, name)}"
        finally:
            engine.api.remove_image(name, force=True)


def test_refresh_that_fails_changes_no_image(engine: Engine, make_image: MakeImage, tmp_path: Path) -> None:
    old, new = make_image({"a": b"1"}), make_image({"a": b"2"})
    with registry() as remote:
        names = [remote.name(f"{tmp_path.name.lower()}:{tag}") for tag in ("1", "2")]
        try:
            for name in names:
                engine.api.tag(old, *parse_repository_tag(name))
            remote.take(engine.api, new, f"{tmp_path.name.lower()}:1")
            images = {names[0]: "tomcat.image", names[1]: "build.image"}
            with pytest.raises(BuildError, match=rf"the image {names[1]} \(build.image\) cannot be pulled") as caught:
                refresh_images(engine, images, lambda _: None)
            assert caught.value.remedy.startswith("Nothing has changed.")
            assert [image_id(engine, name) for name in names] == [old, old]
            remote.is_down = True
            with pytest.raises(BuildError, match="cannot be pulled"):
                refresh_images(engine, images, lambda _: None)
        finally:
            for name in names:
                engine.api.remove_image(name, force=True)
