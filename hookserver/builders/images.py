"""From a commit to an image: the one that exists, or a new one; and the removal of old ones."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection
from functools import partial
from typing import Any

from hookserver import __version__
from hookserver.builders.assemble import adopt, assemble
from hookserver.builders.job import BuildJob, War, WholeImage
from hookserver.builders.migrate import migrate
from hookserver.builders.registry import KINDS, choose
from hookserver.builders.running.tools import LIBRARY_LAYER, build_tools
from hookserver.builders.tomcat import library as tomcat_library
from hookserver.builders.tomcat.base_image import Base, inspect_base, read_base
from hookserver.builders.tomcat.own_files import OwnFile, fingerprint, read_own_files
from hookserver.config import BUILD_KEYS_OF_THE_IMAGE, TOMCAT_KEYS_OF_THE_IMAGE, AppSettings, DockerSettings
from hookserver.config.units import format_duration
from hookserver.deploy_log import DeployLog
from hookserver.engine.images import describe, ensure_image, find_images, image_id, remove_image
from hookserver.engine.labels import APP, IMAGE, LIBRARY, ROLE, STATE_DIR, label_filter
from hookserver.errors import BuildError
from hookserver.limits.child import Limits, run_limited
from hookserver.state.state_dir import StateDir

_GRACE = 10.0
"""Seconds after ``build.timeout`` until what is left of a build is killed: its container ends first, with a reason."""


class DockerImages:
    """The images of the installation's apps. Connects to Docker at the first call.

    ``salt`` keeps anybody who reads an image's labels from guessing the build's secrets by their digest.
    """

    def __init__(self, docker_settings: DockerSettings, state: StateDir, salt: str) -> None:
        self._salt = salt.encode()
        self._tools = build_tools(docker_settings, state)

    def close(self) -> None:
        """Close the connection to Docker."""
        self._tools.engine.close()

    def existing(self, job: BuildJob) -> str | None:
        """The id of an image of the same commit, settings and Tomcat; None when a new one is needed or requested.

        The job's source may be missing still. Raises BuildError when Docker does not answer.
        """
        if job.rebuild:
            return None
        labels = self._tools.labels(job.app.name, "image", commit=job.commit, build=self._digest(job))
        return next((str(image["Id"]) for image in find_images(self._tools.engine, labels)), None)

    def build(self, job: BuildJob, log: DeployLog) -> str:
        """Make the image from ``job.source``, with the output in the log, line by line; the image's id.

        Source, WAR and base image may be hostile, so all of it happens in a child process with limits. What such
        a build leaves when it is stopped, ``remove_leftovers`` removes. Raises BuildError with the cause.
        """
        job.work.mkdir(parents=True, exist_ok=True)
        self.close()  # the child connects by itself: two processes cannot read one connection
        limits = Limits(job.seconds_left() + _GRACE)
        remedy = f"Raise build.timeout (now {format_duration(job.app.build.timeout)}) if it needs longer."
        return run_limited("the build", partial(self._build, job, log), limits, BuildError, remedy)

    def _build(self, job: BuildJob, log: DeployLog) -> str:
        try:
            files = read_own_files(job, log)
            kind = choose(job, log)
            if not kind.brings_server:
                self._tomcat(job, log)  # an unfit Tomcat is refused before a build of minutes
                log.line(f"tomcat.image: {describe(self._tools.engine, job.app.tomcat.image)}")
            product = kind.make(self._tools, job, log)
            image = self._assembled(job, product, files, log)
        finally:
            self._tools.containers.wait_removed()
        log.line(f"image {job.app.image}:{job.commit[:12]}")
        return image

    def kept(self, image: str) -> str:
        """The same id, while that image exists. Raises BuildError when it does not, or Docker does not answer."""
        if not image_id(self._tools.engine, image):
            raise BuildError("the image of that release was removed", "Deploy its commit again instead.")
        return image

    def remove_leftovers(self, deploy: int | None = None) -> list[str]:
        """Kill and remove the build containers of a deploy that was killed; None: of every deploy. Returns their ids.

        Raises BuildError when Docker does not answer.
        """
        return self._tools.containers.remove_leftovers(deploy)

    def prune(self, app: AppSettings, keep: Collection[str]) -> list[str]:
        """Remove the app's images that hookserver made, except those in ``keep``; the ids of the removed, newest first.

        An image stays while a container uses it, or while it has a tag that is not ours. Raises BuildError when Docker
        does not answer.
        """
        ours = find_images(self._tools.engine, {STATE_DIR: self._tools.state.root, APP: app.name})
        needed = set(keep) | {
            library["Id"] for library in ours for image in ours if image["Id"] in keep and _is_made_on(library, image)
        }
        old = [image for image in ours if image["Id"] not in needed]
        return [str(image["Id"]) for image in old if self._remove(image, app)]

    def remove_caches(self, app: str) -> list[str]:
        """Remove the volumes with the downloads of the app's builds; their names.

        Raises BuildError when Docker refuses, such as for a volume in use.
        """
        engine = self._tools.engine
        wanted = label_filter({STATE_DIR: self._tools.state.root, APP: app})
        with engine.doing("remove the build's caches"):
            ours = engine.api.volumes(filters=wanted)["Volumes"] or []
            for volume in ours:
                engine.api.remove_volume(volume["Name"])
        return [volume["Name"] for volume in ours]

    def _remove(self, image: dict[str, Any], app: AppSettings) -> bool:
        """Remove an image by our tags, so that one with another tag stays; whether it is removed.

        Its label has the name of our tags, since the app's image may have another name by now.
        """
        our_tag = f"{image['Labels'].get(IMAGE, app.image)}:"
        tags = [tag for tag in image["RepoTags"] or [] if tag != "<none>:<none>"]
        names = [tag for tag in tags if tag.startswith(our_tag)] if tags else [image["Id"]]
        return remove_image(self._tools.engine, image["Id"], names)

    def _assembled(self, job: BuildJob, product: War | WholeImage, files: tuple[OwnFile, ...], log: DeployLog) -> str:
        tools, app = self._tools, job.app
        if isinstance(product, WholeImage):
            if app.tomcat.migrate:
                log.line("NOTE: tomcat.migrate is for WARs: the image of a Dockerfile stays as it is")
            base = inspect_base(tools, product.image, app.name, job.deploy)
            return adopt(tools, job, base, files, self._digest(job), log)
        base = self._tomcat(job, log)
        war = migrate(tools, job, product, log) if app.tomcat.migrate else product
        return assemble(tools, job, base, war, files, self._digest(job), log)

    def _tomcat(self, job: BuildJob, log: DeployLog) -> Base:
        """The Tomcat image for the WAR, pulled when it is not here. Raises BuildError when it is not fit for a WAR."""
        app = job.app
        image = ensure_image(self._tools.engine, app.tomcat.image, "tomcat.image", log.line)
        base = read_base(self._tools, image, app.name, job.deploy)
        if not base.is_tomcat:
            raise BuildError(
                f"the image {app.tomcat.image} has no Tomcat in {base.home}",
                "Set tomcat.image to a Tomcat image with the folders of the official images.",
            )
        # A commit includes no data of volumes: https://docs.docker.com/reference/cli/docker/container/commit/
        if base.volume_over_webapps:
            raise BuildError(
                f"the image {app.tomcat.image} declares the volume {base.volume_over_webapps}, "
                "so a WAR in it would not become part of the new image",
                "Set tomcat.image to a Tomcat image without that VOLUME.",
            )
        return base

    def _digest(self, job: BuildJob) -> str:
        """The digest of all that an image depends on beside its commit."""
        app = job.app
        base = image_id(self._tools.engine, app.tomcat.image)
        build = app.build.revealed(set(BUILD_KEYS_OF_THE_IMAGE))
        fingerprints = [kind.fingerprint(job) for kind in KINDS.values()]
        tomcat = app.tomcat.revealed(set(TOMCAT_KEYS_OF_THE_IMAGE))
        made_with = [__version__, tomcat_library.fingerprint(), base, str(self._tools.subnet)]
        shared = app.release.sessions == "shared"
        inputs = [made_with, shared, build, tomcat, app.image, fingerprints, fingerprint(job)]
        return hmac.new(self._salt, json.dumps(inputs, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def _is_made_on(library: dict[str, Any], image: dict[str, Any]) -> bool:
    """Whether an image was made on a library layer: it inherits the layer's label."""
    label = library["Labels"].get(LIBRARY)
    is_layer = library["Labels"].get(ROLE) == LIBRARY_LAYER
    return bool(is_layer and label == image["Labels"].get(LIBRARY))
