"""Inspects a project: runs all readers and collects their findings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element

from hookserver.limits.child import Limits, run_limited
from hookserver.project import api, cautions, health, sources, subfolders, tomcat_files
from hookserver.project.builds import ant, archive, dockerfile, gradle, maven
from hookserver.project.builds.commands import command
from hookserver.project.findings import Build, Project
from hookserver.project.folder import Folder
from hookserver.project.java import java_hints, sorted_levels
from hookserver.project.repository import branches, origin
from hookserver.project.sessions.use import find_session_use
from hookserver.project.variables import environment_variables
from hookserver.project.web_app import WebApp, find_web_app

_MAX_SUBPROJECTS = 10
_SECONDS = 60
_OUTPUT_FOLDERS = ("build/", "dist/", "target/")


def inspect_project(root: Path) -> Project:
    """The findings about a folder. If it has no build file, a project in a subfolder is inspected instead.

    Reads a limited part of the folder, follows no symbolic link, runs nothing, accepts any content. Raises
    HookserverError when that takes too long, or too much memory.
    """
    return _limited(partial(_inspect_all, root))


def inspect_folder(root: Path) -> Project:
    """The findings about the folder itself, without projects in its subfolders. Raises as ``inspect_project``."""
    return _limited(lambda: _inspect(root, Folder(root)))


def _limited(inspect: Callable[[], Project]) -> Project:
    remedy = "Move large generated files out of the folder; or write the settings by hand."
    return run_limited("the inspection of the project", inspect, Limits(_SECONDS, cpu=_SECONDS), remedy=remedy)


def _inspect_all(root: Path) -> Project:
    folder = Folder(root)
    project = _inspect(root, folder)
    if not project.builds and (found := subfolders.project_folders(folder)[:_MAX_SUBPROJECTS]):
        project = _from_subfolder(project, folder, {name: _inspect_all(root / name) for name in found})
    above = subfolders.note_on_repository_above(root)
    return replace(project, notes=(above, *project.notes)) if above else project


def _from_subfolder(top: Project, folder: Folder, found: dict[str, Project]) -> Project:
    name = next((name for name, inner in found.items() if inner.build and inner.build.wars), next(iter(found)))
    inner = found[name]
    others = [other for other in found if other != name]
    start = subfolders.aggregator(folder, name, others)
    builds = (build for build in inner.builds if build.kind in ("maven", "gradle", "ant"))
    return replace(
        inner,
        root=top.root,
        builds=tuple(subfolders.build_from_top(build, name, start) for build in builds),
        tomcat_files=tuple(replace(file, where=f"{name}/{file.where}") for file in inner.tomcat_files),
        origin=top.origin,
        branches=top.branches,
        notes=(*subfolders.notes_on_location(name, others), *top.notes),
    )


def _inspect(root: Path, folder: Folder) -> Project:
    prebuilt = archive.read_prebuilt_wars(folder)
    readers = (maven, gradle, ant, dockerfile)
    found = [build for reader in readers if (build := reader.read_build(folder))]
    found = [replace(build, command=command(build)) if build.arguments else build for build in found]
    builds = _in_order(found, prebuilt.build)
    if not any(build.java for build in builds):
        builds = tuple(replace(build, java=sorted_levels(java_hints(folder))) for build in builds)
    first = builds[0] if builds else None
    web_app = find_web_app(folder, first)
    hits = {**archive.NO_HITS, **sources.scan_sources(folder)}
    dependencies = first.dependencies if first else ()
    war_context: Element | None = None
    if first and first.kind == "war":
        hits |= prebuilt.hits
        war_context = prebuilt.context_xml
        if web_app.web_xml is None and prebuilt.web_xml is not None:
            web_app = WebApp("", f"WEB-INF/web.xml in {first.wars[0].value}", prebuilt.web_xml)
    else:
        dependencies = (*dependencies, *ant.libraries(folder))
    api_evidence, servlet = api.find_servlet_api(dependencies, web_app, hits)
    own_files, file_cautions = tomcat_files.find_tomcat_files(folder)
    return Project(
        root=root,
        builds=builds,
        api=api_evidence,
        servlet=servlet,
        health=health.find_health(folder, web_app, dependencies, hits),
        embedded=cautions.embedded_database(dependencies, hits),
        cautions=(*cautions.find_cautions(folder, dependencies, web_app, hits), *file_cautions),
        sessions=find_session_use(folder, hits, war_context),
        origin=origin(root),
        branches=branches(root),
        tomcat_files=own_files,
        variables=environment_variables(hits),
        notes=tuple(dict.fromkeys(folder.notes)),
    )


def _in_order(builds: list[Build], prebuilt: Build | None) -> tuple[Build, ...]:
    """A complete Dockerfile first, since its project is made for it; then builds that make a WAR; then the rest.

    A prebuilt WAR in an output folder is a product of another build, and no way to build.
    """
    makes_war = any(build.wars for build in builds)
    if prebuilt and not (makes_war and all(war.value.startswith(_OUTPUT_FOLDERS) for war in prebuilt.wars)):
        builds = [*builds, prebuilt]

    def rank(build: Build) -> int:
        if build.kind == "dockerfile":
            return 0 if dockerfile.is_complete(build) else 2 if not build.missing else 4
        return 1 if build.wars else 3

    return tuple(sorted(builds, key=rank))
