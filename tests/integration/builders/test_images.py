"""Which images exist, and which are removed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hookserver.builders.image_records import ImageRecords
from hookserver.errors import BuildError
from hookserver.state.state_dir import StateDir
from tests.integration.builders.conftest import TOMCAT, BuildSite
from tests.integration.builders.kinds.test_war import SHOP
from tests.integration.builders.test_assemble import PAGE, job


def test_image_exists_for_the_same_commit_and_settings_only(
    site: BuildSite,
) -> None:
    first = job(site, commit="c" * 40)
    assert site.images.existing(first) is None
    image, _ = site.build(first)
    assert site.images.existing(job(site, commit="c" * 40)) == image
    assert site.images.existing(job(site, commit="c" * 40, rebuild=True)) is None
    assert site.images.existing(job(site, commit="c" * 40, path="/shop")) is None
    assert site.images.existing(job(site, commit="c" * 40, build={"env": {"A": "b"}})) is None
    assert site.images.existing(job(site, commit="c" * 40, build={"memory": "2g"})) == image
    assert site.images.kept(image) == image


def derived(site: BuildSite, image: str) -> str:
    """The id of an image that is made FROM another one, whose labels it inherits."""
    labels = {"hookserver.state_dir": str(site.root), "hookserver.role": "test"}
    made = site.client.create_container(image, labels=labels)["Id"]
    try:
        inherited = site.inspect(image)["Config"]["Labels"]
        return str(site.client.commit(made, conf={"Labels": inherited, "Env": ["OURS=no"]})["Id"])
    finally:
        site.client.remove_container(made)


def test_image_that_inherits_our_labels_is_neither_used_nor_removed(site: BuildSite) -> None:
    request = job(site, commit="d" * 40, library=b"inherited")
    image, _ = site.build(request)
    theirs = derived(site, image)
    assert site.images.existing(request) == image
    assert theirs not in site.images.prune(request.app, {image})
    assert site.images.kept(theirs) == theirs
    site.client.remove_image(theirs)
    site.client.remove_image(image, force=True)
    assert site.images.existing(request) is None


def test_image_of_a_killed_build_is_removed_as_a_leftover(site: BuildSite) -> None:
    request = job(site, library=b"killed")
    image, _ = site.build(request)
    records = ImageRecords(StateDir(site.root).images)
    (record,) = [one for one in records.made(site.app) if one.image == image]
    records.begin(replace(record, image=""))  # as it is until the commit has ended
    assert site.images.existing(request) is None
    assert site.images.remove_leftovers(request.deploy + 1) == []
    assert site.images.remove_leftovers(request.deploy) == [image]
    assert records.unfinished() == []
    with pytest.raises(BuildError, match="was removed"):
        site.images.kept(image)


def test_layer_that_inherits_our_labels_is_not_used(site: BuildSite) -> None:
    image, _ = site.build(job(site, library=b"forged"))
    layer = site.inspect(image)["Parent"]
    theirs = derived(site, layer)
    second, log = site.build(job(site, page=f"{PAGE} forged", library=b"forged"))
    assert "its layer is used again" in log
    assert site.inspect(second)["Parent"] == layer
    site.client.remove_image(theirs)


def test_prune_removes_old_images_that_had_another_name_in_the_settings(site: BuildSite) -> None:
    before = site.build(job(site, library=b"renamed", image=f"hookserver-test/{site.app}-before"))[0]
    now = job(site, library=b"renamed too")
    kept = site.build(now)[0]
    assert before in site.images.prune(now.app, {kept})


def test_remove_caches_removes_the_volumes_of_the_app_only(site: BuildSite) -> None:
    ours = {"hookserver.state_dir": str(site.root), "hookserver.app": f"{site.app}-gone"}
    theirs = ({**ours, "hookserver.app": site.app}, {**ours, "hookserver.state_dir": f"{site.root}/other"})
    gone, *others = (site.client.create_volume(labels=labels)["Name"] for labels in (ours, *theirs))
    try:
        assert site.images.remove_caches(f"{site.app}-gone") == [gone]
        left = {volume["Name"] for volume in site.client.volumes()["Volumes"]}
        assert gone not in left
        assert left >= set(others)
    finally:
        for name in others:
            site.client.remove_volume(name)


def test_prune_removes_the_old_images_and_layers_of_the_app_only(site: BuildSite) -> None:
    kept, old, tagged = (site.build(job(site, library=name.encode()))[0] for name in ("kept", "old", "tagged"))
    same_libraries = site.build(job(site, page=f"{PAGE} ", library=b"kept"))[0]
    site.client.tag(tagged, f"hookserver-test/{site.app}", "a-persons-own")
    with site.running(old):
        removed = site.images.prune(job(site).app, {kept})
        assert old not in removed
        assert same_libraries in removed
    removed += site.images.prune(job(site).app, {kept})
    assert old in removed
    assert tagged not in removed
    assert site.images.kept(kept) == kept
    ours = {"label": f"hookserver.state_dir={site.root}"}
    left = [
        image for image in site.client.images(all=True, filters=ours) if image["Labels"]["hookserver.role"] != "base"
    ]
    assert len(left) == 4  # two images, each on its layer of libraries


def test_missing_image_is_refused_with_its_setting_before_the_build(site: BuildSite) -> None:
    request = site.job({"shop.war": SHOP}, tomcat={"image": "127.0.0.1:1/no-such-tomcat:1"})
    with pytest.raises(BuildError, match=r"no-such-tomcat:1 \(tomcat\.image\) is not on this machine and cannot"):
        site.build(request)
    assert "the WAR in the repository" not in site.log(request)


def test_image_with_a_volume_over_its_webapps_is_refused(site: BuildSite) -> None:
    labels = {"hookserver.state_dir": str(site.root), "hookserver.role": "base"}
    made = site.client.create_container(TOMCAT, labels=labels)["Id"]
    site.client.commit(made, f"hookserver-test/{site.app}", "volume", changes=["VOLUME /usr/local/tomcat/webapps"])
    site.client.remove_container(made)
    request = site.job({"shop.war": SHOP}, tomcat={"image": f"hookserver-test/{site.app}:volume"})
    with pytest.raises(BuildError, match="declares the volume /usr/local/tomcat/webapps"):
        site.build(request)


def test_image_without_a_tomcat_is_refused(site: BuildSite) -> None:
    request = site.job({"shop.war": SHOP}, tomcat={"image": "maven:3.9-eclipse-temurin-17"})
    with pytest.raises(BuildError, match="has no Tomcat in /usr/local/tomcat"):
        site.build(request)
