"""Images on the Docker Engine: find, inspect, pull, remove."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import requests
from docker.errors import APIError, DockerException, ImageNotFound
from docker.utils import parse_repository_tag

from hookserver.engine.client import Engine
from hookserver.engine.labels import label_filter
from hookserver.engine.messages import failure

_NO_DATE = 1980
"""The last year that means no date."""


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
        _pull(engine, image)
    except (DockerException, requests.RequestException) as error:
        raise engine.error(
            f"the image {image} ({setting}) is not on this machine and cannot be pulled: {_explained(error)}",
            f"Pull, load or make it on this machine (deploy/images/make.sh makes Tomcat's, Maven's and Ant's, "
            f"and a Gradle 4.4), or set {setting} to another one.",
        ) from error
    return image_id(engine, image)


def refresh_images(engine: Engine, images: Mapping[str, str], report: Callable[[str], None]) -> set[str]:
    """Pull each of the ``images`` that is on the engine; the names of those that are other images now.

    ``images``: names, each with its setting. Raises the engine's error class when one cannot be pulled; every name then
    means the image from before.
    """
    before = {image: id_ for image in images if (id_ := image_id(engine, image))}
    try:
        for image in before:
            _pull(engine, image)
            report(f"{images[image]}: {describe(engine, image)}")
    except (DockerException, requests.RequestException) as error:
        _restore(engine, before)
        raise engine.error(
            f"the image {image} ({images[image]}) cannot be pulled: {_explained(error)}",
            "Nothing has changed. Let this machine reach the registry. An image of your own that is in no registry: "
            "make it anew, then deploy with --rebuild.",
        ) from error
    return {image for image, id_ in before.items() if image_id(engine, image) != id_}


def describe(engine: Engine, image: str) -> str:
    """The image with its digest in its registry, or its id when it is from none, and its age.

    Raises the engine's error class, also when the image is not there.
    """
    return description(image, inspect_image(engine, image), datetime.now(UTC))


def description(image: str, inspected: Mapping[str, Any], now: datetime) -> str:
    """As `describe`, from ``ImageInspect`` in the Engine API. The age is left out where the image hides it."""
    digest = next((name.partition("@")[2] for name in inspected.get("RepoDigests") or []), "")
    text = f"{image}, {digest or inspected['Id']}"
    try:
        made = datetime.fromisoformat(inspected.get("Created") or "")
    except ValueError:
        return text
    # Reproducible builds have a fixed time: https://reproducible-builds.org/docs/timestamps/
    return text if made.year <= _NO_DATE else f"{text}, {max((now - made).days, 0)} days old"


def _pull(engine: Engine, image: str) -> None:
    for message in engine.api.pull(image, stream=True, decode=True):
        if problem := failure(message):
            raise DockerException(problem)


def _explained(error: Exception) -> str:
    return str(getattr(error, "explanation", "") or error)  # str(APIError) is mostly the URL of the call


def _restore(engine: Engine, images: Mapping[str, str]) -> None:
    for image, id_ in images.items():
        if image_id(engine, image) != id_:
            with engine.doing(f"name the image {image} again"):
                engine.api.tag(id_, *parse_repository_tag(image))


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
