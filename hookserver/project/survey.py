"""The look at a project, from all sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hookserver.project import api, cautions, health, sources, subfolders, tomcat_files, web_app
from hookserver.project.builds import ant, archive, dockerfile, gradle, maven
from hookserver.project.findings import Build, Project
from hookserver.project.folder import Folder
from hookserver.project.java import java_hints, sorted_levels
from hookserver.project.repository import branches, origin
from hookserver.project.variables import environment_variables

_MOST_PROJECTS = 10
_PRODUCTS = ("build/", "dist/", "target/")


def inspect_project(root: Path) -> Project:
    """What a folder's files tell. Reads a bounded part of it, follows no link, runs nothing; takes any content.

    A project that lies in a folder below, where the top has none, is found there.
    """
    folder = Folder(root)
    project = _inspect(root, folder)
    above = subfolders.note_on_repository_above(root)
    if not project.builds and (found := subfolders.project_folders(folder)[:_MOST_PROJECTS]):
        project = _from_subfolder(project, folder, {name: inspect_project(root / name) for name in found})
    return replace(project, notes=(above, *project.notes)) if above else project


def inspect_folder(root: Path) -> Project:
    """The same of a project in the folder itself: one in a folder below is another one."""
    return _inspect(root, Folder(root))


def _from_subfolder(top: Project, folder: Folder, found: dict[str, Project]) -> Project:
    name = next((name for name, inner in found.items() if inner.build and inner.build.wars), next(iter(found)))
    inner = found[name]
    others = [other for other in found if other != name]
    start = subfolders.aggregator(folder, name, others)
    kinds = tuple(build for build in inner.builds if build.kind in ("maven", "gradle", "ant"))
    return replace(
        inner,
        root=top.root,
        builds=tuple(subfolders.build_from_top(build, name, start) for build in kinds),
        tomcat_files=tuple(replace(file, where=f"{name}/{file.where}") for file in inner.tomcat_files),
        origin=top.origin,
        branches=top.branches,
        notes=(*subfolders.notes_on_location(name, others), *top.notes),
    )


def _inspect(root: Path, folder: Folder) -> Project:
    prebuilt, classes, packed_descriptor = archive.read_prebuilt_wars(folder)
    builds = _in_order(
        [found for kind in (maven, gradle, ant, dockerfile) if (found := kind.read_build(folder))], prebuilt
    )
    if not any(build.java for build in builds):
        builds = tuple(replace(build, java=sorted_levels(java_hints(folder))) for build in builds)
    first = builds[0] if builds else None
    described = web_app.find_web_app(folder, first)
    hits = sources.scan_sources(folder)
    if prebuilt and first is prebuilt:
        hits = {**hits, **classes}
        if described.web_xml is None and packed_descriptor is not None:
            described = web_app.WebApp("", f"WEB-INF/web.xml in {prebuilt.wars[0].value}", packed_descriptor)
    dependencies = (*(first.dependencies if first else ()), *(() if first is prebuilt else ant.libraries(folder)))
    speaks_for, servlet = api.find_servlet_api(dependencies, described, hits)
    own_files, odd_files = tomcat_files.find_tomcat_files(folder)
    return Project(
        root=root,
        builds=builds,
        api=speaks_for,
        servlet=servlet,
        health=health.find_health(folder, described, dependencies, hits),
        embedded=cautions.embedded(dependencies, hits),
        cautions=(*cautions.find_cautions(folder, dependencies, described, hits), *odd_files),
        origin=origin(root),
        branches=branches(root),
        tomcat_files=own_files,
        variables=environment_variables(hits),
        notes=tuple(dict.fromkeys(folder.notes)),
    )


def _in_order(builds: list[Build], prebuilt: Build | None) -> tuple[Build, ...]:
    """A whole Dockerfile first, since a project that brings one means it; then what makes a WAR, then the rest."""
    makes_one = any(build.wars for build in builds)
    if prebuilt and not (makes_one and all(war.value.startswith(_PRODUCTS) for war in prebuilt.wars)):
        builds = [*builds, prebuilt]

    def rank(build: Build) -> int:
        if build.kind == "dockerfile":
            return 0 if dockerfile.is_complete(build) else 2 if not build.lacks else 4
        return 1 if build.wars else 3

    return tuple(sorted(builds, key=rank))
