"""Reads a Tomcat image without running it: its folder, its settings files, its default webapps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from hookserver.builders.running.cache import write_cached
from hookserver.builders.running.tools import BuildTools
from hookserver.builders.tomcat import image_facts
from hookserver.engine.archive import open_archive
from hookserver.engine.images import inspect_image

SETTINGS_FILES = ("server.xml", "context.xml", "logging.properties")
DEFAULT_WEBAPPS = frozenset({"ROOT", "docs", "examples", "host-manager", "manager"})
"""The webapps of a Tomcat tarball, which would be public beside the app."""
_DEFAULT_HOME = "/usr/local/tomcat"
_FILE_LIMIT = 1 << 20
"""Bytes of a settings file: an image can be hostile."""
_FORMAT = 2
"""The version of the cached facts: a new one makes every image be inspected again."""


@dataclass(frozen=True)
class SettingsFile:
    """A file of Tomcat's ``conf`` with its owner and mode."""

    text: str
    mode: int
    uid: int
    gid: int


@dataclass(frozen=True)
class Base:
    """The base of an app's image, mostly a Tomcat. ``home`` is its CATALINA_BASE; ``webapps`` the names in that folder.

    ``servlet`` is its API, ``javax`` or ``jakarta``, ``java`` the version of its Java (17); empty and 0: unknown.
    """

    image: str
    home: str
    conf: Mapping[str, SettingsFile]
    webapps: tuple[str, ...]
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    user: str
    volumes: tuple[str, ...]
    servlet: str
    java: int

    @property
    def is_tomcat(self) -> bool:
        """Whether the image has a Tomcat that hookserver can edit."""
        return "server.xml" in self.conf

    @property
    def volume_over_webapps(self) -> str:
        """The volume that the image declares at or above its webapps, whose files no commit keeps; empty: none."""
        webapps = PurePosixPath(self.home, "webapps")
        return next((volume for volume in self.volumes if webapps.is_relative_to(volume)), "")

    def conflicting_webapps(self, context: str) -> list[str]:
        """The webapps that must go: Tomcat's default ones, and one in the place of the app with this context name."""
        names = DEFAULT_WEBAPPS | {context, f"{context}.war"}
        return [name for name in self.webapps if name in names]


def read_base(tools: BuildTools, image: str, app: str, deploy: int) -> Base:
    """The facts of the image with this id, from the cache if they are there. Raises BuildError when Docker refuses."""
    cached = tools.state.cache / "bases" / f"{image.rpartition(':')[2]}.json"
    try:
        return _from_json(json.loads(cached.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        base = inspect_base(tools, image, app, deploy)
    write_cached(cached, json.dumps({"format": _FORMAT, **asdict(base)}).encode())
    return base


def inspect_base(tools: BuildTools, image: str, app: str, deploy: int) -> Base:
    """The facts of the image, read from a container that never runs. Raises BuildError when Docker refuses."""
    config: dict[str, Any] = inspect_image(tools.engine, image)["Config"]
    env = dict(pair.partition("=")[::2] for pair in config.get("Env") or [])
    # CATALINA_BASE defaults to CATALINA_HOME: https://tomcat.apache.org/tomcat-10.1-doc/introduction.html
    home = env.get("CATALINA_BASE") or env.get("CATALINA_HOME") or _DEFAULT_HOME
    # Docker refuses to create a container without a command ("no command specified"), even one that never runs.
    with tools.containers.create(app, deploy, image, "inspect", entrypoint=["none"]) as container:
        conf = _conf(tools, container, home)
        webapps = _names(tools, container, f"{home}/webapps") if conf else ()
        servlet = image_facts.servlet_api(tools.engine, container, env.get("CATALINA_HOME") or home) if conf else ""
        java = image_facts.java(tools.engine, container, env)
    entrypoint = tuple(config.get("Entrypoint") or ())
    command = tuple(config.get("Cmd") or ()) or (() if entrypoint else ("catalina.sh", "run"))
    volumes = tuple(config.get("Volumes") or ())
    user = config.get("User") or ""
    return Base(image, home, conf, webapps, entrypoint, command, user, volumes, servlet, java)


def _conf(tools: BuildTools, container: str, home: str) -> dict[str, SettingsFile]:
    conf = {}
    try:
        with open_archive(tools.engine, container, f"{home}/conf/.") as archive:
            for entry in archive:
                path = PurePosixPath(entry.name)
                is_settings = path.name in SETTINGS_FILES and len(path.parts) == 1
                if is_settings and entry.kind == "file" and entry.size < _FILE_LIMIT:
                    text = entry.read().decode("utf-8", "replace")
                    conf[path.name] = SettingsFile(text, entry.mode, entry.uid, entry.gid)
    except FileNotFoundError:
        return {}
    return conf


def _names(tools: BuildTools, container: str, folder: str) -> tuple[str, ...]:
    try:
        with open_archive(tools.engine, container, f"{folder}/.") as archive:
            parts = [PurePosixPath(entry.name).parts for entry in archive]
    except FileNotFoundError:
        return ()
    return tuple(sorted({names[0] for names in parts if names}))


def _from_json(data: dict[str, Any]) -> Base:
    if data.pop("format") != _FORMAT:
        raise ValueError("of another version")
    lists = {name: tuple(data[name]) for name in ("webapps", "entrypoint", "command", "volumes")}
    conf = {name: SettingsFile(**file) for name, file in data["conf"].items()}
    return Base(**{**data, **lists, "conf": conf})
