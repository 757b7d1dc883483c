"""The image of a WAR: Tomcat, its edited settings with WEB-INF/lib as one layer, the rest of the WAR as the next.

Each layer is a container that never runs: made, filled, committed, removed. For a push that leaves the libraries as
they are this takes half the time of a Dockerfile's build (0.2 against 0.4 s), and a fifth where the libraries are
large (60 MB: 0.2 against 1.0 s), since only what changed is sent to Docker.
"""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import IO

from hookserver.builders import war_file
from hookserver.builders.engine import APP, LIBRARY, Engine, translated
from hookserver.builders.job import BuildJob, War
from hookserver.builders.tomcat_base import Base, SettingsFile
from hookserver.builders.tomcat_conf import Edited, edit_context_xml, edit_logging_properties, edit_server_xml
from hookserver.deploy_log import DeployLog

DEFAULT_WEBAPPS = frozenset({"ROOT", "docs", "examples", "host-manager", "manager"})
"""What a Tomcat tarball serves by itself; it has no place beside a shop."""


def assemble(engine: Engine, job: BuildJob, base: Base, war: War, build: str, log: DeployLog) -> str:
    """The image of a WAR on a Tomcat, tagged and labelled; ``build`` is the digest of what it was made with.

    Raises BuildError when the WAR is refused, or Docker does not do its part.
    """
    webapp = f"webapps/{job.app.tomcat.context}"
    conf = edited_conf(engine, base, log)
    with war_file.opened(war.path) as checked:
        key = _digest(base.image, conf, webapp, checked.library_digest())
        library = engine.find_image({APP: job.app.name, LIBRARY: key})
        if library:
            log.line("WEB-INF/lib is as before: its layer is used again")
        else:
            removed = _in_the_way(base, job.app.tomcat.context)
            if removed:
                log.line(f"removed from the Tomcat image: webapps {', '.join(removed)}")
            with (
                _conf_archive(conf) as settings,
                war_file.packed(checked, checked.library, webapp, job.work) as libraries,
                _filled(engine, job, base.image, base.home, [settings, libraries], removed) as container,
            ):
                labels = engine.labels(job.app.name, "library", library=key)
                library = _commit(engine, container, base, labels)
        with (
            war_file.packed(checked, checked.rest, webapp, job.work) as rest,
            _filled(engine, job, library, base.home, [rest]) as container,
        ):
            return _commit(engine, container, base, image_labels(engine, job, build), job)


def adopt(engine: Engine, job: BuildJob, base: Base, build: str, log: DeployLog) -> str:
    """An image that the project made itself, with our edits of its Tomcat's settings, our tag and labels."""
    conf = edited_conf(engine, base, log) if base.is_tomcat else {}
    if not conf:
        log.line("the image has no Tomcat that hookserver knows: its settings are left as they are")
    with (
        _conf_archive(conf) as settings,
        _filled(engine, job, base.image, base.home if conf else "/", [settings]) as container,
    ):
        return _commit(engine, container, base, image_labels(engine, job, build), job)


def edited_conf(engine: Engine, base: Base, log: DeployLog) -> dict[str, SettingsFile]:
    """Tomcat's settings files as they go into the image; what a person should know about them goes to the log."""
    edits: dict[str, Callable[[str], Edited]] = {
        "server.xml": lambda text: edit_server_xml(text, engine.subnet),
        "context.xml": edit_context_xml,
        "logging.properties": edit_logging_properties,
    }
    conf = {}
    for name, file in base.conf.items():
        edited = edits[name](file.text)
        conf[name] = replace(file, text=edited.text)
        for note in edited.notes:
            log.line(f"NOTE: {note}")
    return conf


def image_labels(engine: Engine, job: BuildJob, build: str) -> dict[str, str]:
    """Whose image it is, and what of; in OCI's words too."""
    app = job.app
    source = {} if app.repository == "push" else {"source": re.sub(r"//[^/@]*@", "//", app.repository)}
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    oci = {"title": app.name, "version": job.commit[:12], "revision": job.commit, "created": now, **source}
    ours = engine.labels(app.name, "image", commit=job.commit, build=build, deploy=str(job.deploy))
    return {**ours, **{f"org.opencontainers.image.{key}": value for key, value in oci.items()}}


@contextmanager
def _filled(
    engine: Engine, job: BuildJob, parent: str, home: str, archives: list[IO[bytes]], removed: Sequence[str] = ()
) -> Iterator[str]:
    """A container made from ``parent``, with the tar files unpacked below ``home``; it ran only if files had to go."""
    run = ["rm", "-rf", "--", *(f"{home}/webapps/{name}" for name in removed)]
    with engine.container(job.app.name, job.deploy, parent, "image", entrypoint=run, user="0:0") as container:
        with translated("fill the image"):
            if removed:
                engine.api.start(container)
                engine.api.wait(container)
            for archive in archives:
                engine.api.put_archive(container, home, archive)
        yield container


def _commit(engine: Engine, container: str, base: Base, labels: dict[str, str], tagged: BuildJob | None = None) -> str:
    config = {"Labels": labels, "Entrypoint": list(base.entrypoint), "Cmd": list(base.command), "User": base.user}
    name, tag = (tagged.app.image, tagged.commit[:12]) if tagged else (None, None)
    with translated("commit the image"):
        return str(engine.api.commit(container, name, tag, conf=config)["Id"])


def _in_the_way(base: Base, context: str) -> list[str]:
    names = DEFAULT_WEBAPPS | {context, f"{context}.war"}
    return [name for name in base.webapps if name in names]


def _conf_archive(conf: Mapping[str, SettingsFile]) -> IO[bytes]:
    spool = io.BytesIO()
    with tarfile.open(fileobj=spool, mode="w") as archive:
        for name, file in conf.items():
            data = file.text.encode()
            member = tarfile.TarInfo(f"conf/{name}")
            member.size, member.mode, member.uid, member.gid = len(data), file.mode, file.uid, file.gid
            archive.addfile(member, io.BytesIO(data))
    spool.seek(0)
    return spool


def _digest(base: str, conf: Mapping[str, SettingsFile], webapp: str, libraries: str) -> str:
    files = {name: asdict(file) for name, file in conf.items()}
    return hashlib.sha256(json.dumps([base, files, webapp, libraries], sort_keys=True).encode()).hexdigest()
