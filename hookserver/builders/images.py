"""From a commit to an image: the one that exists, or a new one; and the removal of old ones."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection
from dataclasses import replace
from functools import partial

from hookserver import __version__
from hookserver.builders.assemble import adopt, assemble
from hookserver.builders.image_records import ImageRecord
from hookserver.builders.job import BuildJob, War, WholeImage
from hookserver.builders.migrate import migrate
from hookserver.builders.registry import KINDS, choose
from hookserver.builders.running import build_cgroup
from hookserver.builders.running.tools import IMAGE, build_tools
from hookserver.builders.tomcat import library as tomcat_library
from hookserver.builders.tomcat.base_image import Base, inspect_base, read_base
from hookserver.builders.tomcat.own_files import OwnFile, fingerprint, read_own_files
from hookserver.config import BUILD_KEYS_OF_THE_IMAGE, TOMCAT_KEYS_OF_THE_IMAGE, AppSettings, DockerSettings
from hookserver.config.units import format_duration
from hookserver.deploy_log import DeployLog
from hookserver.engine.images import describe, ensure_image, find_images, image_id, image_tags, remove_image
from hookserver.engine.labels import APP, MARK, STATE_DIR, label_filter
from hookserver.errors import BuildError
from hookserver.limits.child import Limits, run_limited
from hookserver.state.state_dir import StateDir

_GRACE = 10.0
"""Seconds after ``build.timeout`` until what is left of a build is killed: its container ends first, with a reason."""


class DockerImages:
    """The images of the installation's apps. Connects to Docker at the first call.

    ``salt`` keeps anybody who reads an image's record from guessing the build's secrets by their digest.
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
        made = self._tools.records.find(job.app.name, IMAGE, self._digest(job))
        return next((record.image for record in made if image_id(self._tools.engine, record.image)), None)

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
        """Remove what the builds of a killed deploy have left; None: of every deploy. Returns the ids in Docker.

        Raises BuildError when Docker does not answer.
        """
        containers = self._tools.containers.remove_leftovers(deploy)
        build_cgroup.remove_leftovers(self._tools.state.root, deploy)
        return containers + [id_ for record in self._tools.records.unfinished(deploy) for id_ in self._drop(record)]

    def prune(self, app: AppSettings, keep: Collection[str]) -> list[str]:
        """Remove the app's images that hookserver made, except those in ``keep``; the ids of the removed, newest first.

        An image stays while a container uses it, or while it has a tag that is not ours. Raises BuildError when Docker
        does not answer.
        """
        made = self._tools.records.made(app.name)
        needed = set(keep) | {record.parent for record in made if record.image in keep}
        return [record.image for record in made if record.image not in needed and self._remove(record)]

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

    def _remove(self, record: ImageRecord) -> bool:
        """Remove an image by our tags, so that one with another tag stays; whether it is removed.

        Its record has the name of our tags, since the app's image may have another name by now.
        """
        tags = image_tags(self._tools.engine, record.image)
        names = [tag for tag in tags if tag.startswith(f"{record.name}:")] if tags else [record.image]
        if removed := remove_image(self._tools.engine, record.image, names):
            self._tools.records.remove(record)
        return removed

    def _drop(self, record: ImageRecord) -> list[str]:
        """Remove what a killed build has left of an image; its ids.

        Only an image of that build has this mark: others were never made on one that was not finished.
        """
        left = [str(image["Id"]) for image in find_images(self._tools.engine, {MARK: record.mark})]
        removed = [image for image in left if self._remove(replace(record, image=image))]
        if removed == left:  # one that is in use is removed later
            self._tools.records.remove(record)
        return removed

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
        """The digest of all that an image depends on."""
        app = job.app
        base = image_id(self._tools.engine, app.tomcat.image)
        build = app.build.revealed(set(BUILD_KEYS_OF_THE_IMAGE))
        fingerprints = [kind.fingerprint(job) for kind in KINDS.values()]
        tomcat = app.tomcat.revealed(set(TOMCAT_KEYS_OF_THE_IMAGE))
        made_with = [__version__, tomcat_library.fingerprint(), base, str(job.subnet)]
        shared = app.release.sessions == "shared"
        inputs = [job.commit, made_with, shared, build, tomcat, app.image, fingerprints, fingerprint(job)]
        return hmac.new(self._salt, json.dumps(inputs, sort_keys=True).encode(), hashlib.sha256).hexdigest()
