from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.engine.client import Engine
from hookserver.engine.temporary import TemporaryContainers
from hookserver.errors import BuildError
from tests.integration.engine.conftest import MakeImage


def names(engine: Engine, state_dir: Path) -> list[str]:
    filters = {"label": f"hookserver.state_dir={state_dir}"}
    return [name for container in engine.api.containers(all=True, filters=filters) for name in container["Names"]]


def test_temporary_container_is_removed_after_use_also_when_that_fails(
    engine: Engine, make_image: MakeImage, tmp_path: Path
) -> None:
    image = make_image({"a": b"1"})
    containers = TemporaryContainers(engine, tmp_path)
    used = containers.create("t-tmp", 9001, image, "use", entrypoint=["none"])
    with used:
        assert names(engine, tmp_path) == ["/hs-t-tmp-use-9001"]
    containers.wait_removed()
    assert names(engine, tmp_path) == []
    failing = containers.create("t-tmp", 9001, image, "use", entrypoint=["none"])
    with pytest.raises(ValueError, match="a fault"), failing:
        raise ValueError("a fault")
    containers.wait_removed()
    assert names(engine, tmp_path) == []


def test_leftover_of_a_killed_deploy_gives_way_to_its_successor(
    engine: Engine, make_image: MakeImage, tmp_path: Path
) -> None:
    image = make_image({"a": b"1"})
    killed = TemporaryContainers(engine, tmp_path).create("t-tmp", 9002, image, "use", entrypoint=["none"])
    leftover = killed.__enter__()
    containers = TemporaryContainers(engine, tmp_path)
    with containers.create("t-tmp", 9002, image, "use", entrypoint=["none"]) as container:
        assert container != leftover
        assert names(engine, tmp_path) == ["/hs-t-tmp-use-9002"]
    containers.wait_removed()


def test_container_of_another_installation_keeps_its_name(
    engine: Engine, make_image: MakeImage, tmp_path: Path
) -> None:
    image = make_image({"a": b"1"})
    others, ours = TemporaryContainers(engine, tmp_path / "other"), TemporaryContainers(engine, tmp_path)
    with (
        others.create("t-tmp", 9003, image, "use", entrypoint=["none"]),
        ours.create("t-tmp", 9003, image, "use", entrypoint=["none"]),
    ):
        assert names(engine, tmp_path / "other") == ["/hs-t-tmp-use-9003"]
        assert len(names(engine, tmp_path)) == 1
    others.wait_removed()
    ours.wait_removed()


def test_leftovers_are_those_of_the_deploy_or_of_every_deploy(
    engine: Engine, make_image: MakeImage, tmp_path: Path
) -> None:
    image = make_image({"a": b"1"})
    containers = TemporaryContainers(engine, tmp_path)
    killed = [containers.create("t-tmp", number, image, "use", entrypoint=["none"]) for number in (9004, 9005)]
    first, second = [container.__enter__() for container in killed]
    assert containers.remove_leftovers(9004) == [first]
    assert containers.remove_leftovers() == [second]
    assert containers.remove_leftovers() == []


def test_image_that_is_not_there_is_an_error_of_the_caller(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="cannot create the container hs-t-tmp-use-9006 from localhost:1/none:1"):
        TemporaryContainers(engine, tmp_path).create("t-tmp", 9006, "localhost:1/none:1", "use").__enter__()


def test_container_that_inherits_our_labels_from_its_image_is_no_leftover(
    engine: Engine, make_image: MakeImage, tmp_path: Path
) -> None:
    containers = TemporaryContainers(engine, tmp_path)
    with containers.create("t-tmp", 9004, make_image({"a": b"1"}), "use", entrypoint=["none"]) as container:
        labels = engine.api.inspect_container(container)["Config"]["Labels"]
    containers.wait_removed()
    image = make_image({"a": b"1"}, **{key.removeprefix("hookserver."): value for key, value in labels.items()})
    theirs = engine.api.create_container(image, ["none"])["Id"]
    try:
        assert containers.remove_leftovers() == []
    finally:
        engine.api.remove_container(theirs)
