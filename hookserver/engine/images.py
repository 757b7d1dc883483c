"""Images on the Docker Engine: find, inspect, pull, remove."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import requests
from docker.errors import APIError, DockerException, ImageNotFound

from hookserver.engine.client import Engine
from hookserver.engine.labels import label_filter
from hookserver.engine.messages import failure


def inspect_image(engine: Engine, image: str) -> dict[str, Any]:
    """Docker's description of an image, as ``ImageInspect`` in the Engine API names it.

    Raises the engine's error class, also when the image is not there.
    """
    with engine.doing(f"inspect the image {image}"):
        return dict(engine.api.inspect_image(image))


def image_id(engine: Engine, image: str) -> str:
    """The id of an image that is on the engine; empty when it is not. Raises the engine's error class."""
    with engine.doing(f"inspect the image {image}"):
        try:
            return str(engine.api.inspect_image(image)["Id"])
        except ImageNotFound:
            return ""


def image_tags(engine: Engine, image: str) -> list[str]:
    """The tags of the image with this id; none when it is not there. Raises the engine's error class."""
    with engine.doing(f"inspect the image {image}"):
        try:
            return list(engine.api.inspect_image(image)["RepoTags"] or [])
        except ImageNotFound:
            return []


def find_images(engine: Engine, labels: Mapping[str, object]) -> list[dict[str, Any]]:
    """All images with these labels, layers included, the newest first. Raises the engine's error class."""
    with engine.doing("list the images"):
        # all=True: layers of libraries have no tag, and are "intermediate" images once another is made on them.
        images = engine.api.images(all=True, filters=label_filter(labels))
    return sorted(images, key=lambda image: int(image["Created"]), reverse=True)


def ensure_image(engine: Engine, image: str, setting: str, report: Callable[[str], None]) -> str:
    """The id of an image, which is pulled when it is not on the engine.

    Raises the engine's error class, which names the ``setting``, when it cannot be pulled.
    """
    if id_ := image_id(engine, image):
        return id_
    report(f"pulling {image}")
    try:
        for message in engine.api.pull(image, stream=True, decode=True):
            if problem := failure(message):
                raise DockerException(problem)
    except (DockerException, requests.RequestException) as error:
        problem = str(getattr(error, "explanation", "") or error)  # str(APIError) is mostly the URL of the call
        raise engine.error(
            f"the image {image} ({setting}) is not on this machine and cannot be pulled: {problem}",
            f"Pull, load or make it on this machine (deploy/images/make.sh makes Tomcat's, Maven's and Ant's, "
            f"and a Gradle 4.4), or set {setting} to another one.",
        ) from error
    return image_id(engine, image)


def remove_image(engine: Engine, image: str, names: Iterable[str]) -> bool:
    """Remove the ``names`` of the image with this id, without force; whether the image is removed with them.

    Docker refuses (409) while a container uses it. Raises the engine's error class for any other refusal.
    """
    with engine.doing("remove an old image"):
        try:
            for name in names:
                engine.api.remove_image(name)
        except ImageNotFound:
            return True
        except APIError as error:
            if error.status_code != requests.codes.conflict:
                raise
            return False
    return not image_id(engine, image)
