"""The look at a project, from all sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hookserver.project import api, cautions, deployment, health, sources, subfolders, tomcat_files
from hookserver.project.builds import ant, archive, dockerfile, gradle, maven
from hookserver.project.findings import Build, Project
from hookserver.project.folder import Folder
from hookserver.project.java import highest, hints
from hookserver.project.repository import branches, origin
from hookserver.project.variables import variables

_MOST_PROJECTS = 10
_PRODUCTS = ("build/", "dist/", "target/")


def look(root: Path) -> Project:
    """What a folder's files tell. Reads a bounded part of it, follows no link, runs nothing; takes any content.

    A project that lies in a folder below, where the top has none, is found there.
    """
    folder = Folder(root)
    project = _looked_at(root, folder)
    above = subfolders.repository_above(root)
    if not project.builds and (found := subfolders.folders(folder)[:_MOST_PROJECTS]):
        project = _below(project, folder, {name: look(root / name) for name in found})
    return replace(project, notes=(above, *project.notes)) if above else project


def look_here(root: Path) -> Project:
    """The same of a project in the folder itself: one in a folder below is another one."""
    return _looked_at(root, Folder(root))


def _below(top: Project, folder: Folder, found: dict[str, Project]) -> Project:
    name = next((name for name, inner in found.items() if inner.build and inner.build.wars), next(iter(found)))
    inner = found[name]
    others = [other for other in found if other != name]
    start = subfolders.aggregator(folder, name, others)
    kinds = tuple(build for build in inner.builds if build.kind in ("maven", "gradle", "ant"))
    return replace(
        inner,
        root=top.root,
        builds=tuple(subfolders.built_from_the_top(build, name, start) for build in kinds),
        tomcat_files=tuple(replace(file, where=f"{name}/{file.where}") for file in inner.tomcat_files),
        origin=top.origin,
        branches=top.branches,
        notes=(*subfolders.notes(name, others), *top.notes),
    )


def _looked_at(root: Path, folder: Folder) -> Project:
    prebuilt, classes, packed_descriptor = archive.look(folder)
    builds = _in_order([found for kind in (maven, gradle, ant, dockerfile) if (found := kind.look(folder))], prebuilt)
    if not any(build.java for build in builds):
        builds = tuple(replace(build, java=highest(hints(folder))) for build in builds)
    first = builds[0] if builds else None
    described = deployment.look(folder, first)
    hits = sources.scan(folder)
    if prebuilt and first is prebuilt:
        hits = {**hits, **classes}
        if described.web_xml is None and packed_descriptor is not None:
            described = deployment.Deployment("", f"WEB-INF/web.xml in {prebuilt.wars[0].value}", packed_descriptor)
    dependencies = (*(first.dependencies if first else ()), *(() if first is prebuilt else ant.libraries(folder)))
    speaks_for, servlet = api.look(dependencies, described, hits)
    own_files, odd_files = tomcat_files.look(folder)
    return Project(
        root=root,
        builds=builds,
        api=speaks_for,
        servlet=servlet,
        health=health.look(folder, described, dependencies, hits),
        embedded=cautions.embedded(dependencies, hits),
        cautions=(*cautions.look(folder, dependencies, described, hits), *odd_files),
        origin=origin(root),
        branches=branches(root),
        tomcat_files=own_files,
        variables=variables(hits),
        notes=tuple(dict.fromkeys(folder.notes)),
    )


def _in_order(builds: list[Build], prebuilt: Build | None) -> tuple[Build, ...]:
    """A whole Dockerfile first, since a project that brings one means it; then what makes a WAR, then the rest."""
    makes_one = any(build.wars for build in builds)
    if prebuilt and not (makes_one and all(war.value.startswith(_PRODUCTS) for war in prebuilt.wars)):
        builds = [*builds, prebuilt]

    def rank(build: Build) -> int:
        if build.kind == "dockerfile":
            return 0 if dockerfile.is_whole(build) else 2 if not build.lacks else 4
        return 1 if build.wars else 3

    return tuple(sorted(builds, key=rank))
