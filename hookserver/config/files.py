"""Files of this machine that the settings name."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from hookserver.config.schema import AppSettings, NginxSettings

FAILURES = (502, 503, 504)
"""The answers of Nginx that have a page."""

ERROR_PAGES = tuple(f"{status}.html" for status in FAILURES)
"""The files in ``nginx.error_pages``."""


def unreadable_files(app: AppSettings) -> Iterator[str]:
    """A line for each file that this process cannot read now. It is needed at the next deploy, not before."""
    for key, file in _named(app):
        if not file.is_file():
            yield f"{key}: there is no file {file}"
        elif not os.access(file, os.R_OK):
            yield f"{key}: no permission to read {file}"


def missing_error_pages(nginx: NginxSettings) -> Iterator[str]:
    """A line for each error page without a file that Nginx can read, and one for a folder that it cannot enter."""
    if nginx.error_pages is None:
        return
    # To open a file, a process needs search permission for each folder of its path: path_resolution(7).
    steps = [*reversed(nginx.error_pages.parents), nginx.error_pages]
    closed = [step for step in steps if step.is_dir() and not step.stat().st_mode & stat.S_IXOTH]
    if closed:
        yield f"nginx.error_pages: Nginx may not enter {closed[0]}: chmod o+x {closed[0]}"
    for page in ERROR_PAGES:
        file = nginx.error_pages / page
        if not file.is_file():
            yield f"nginx.error_pages: there is no file {file}"
        elif not file.stat().st_mode & stat.S_IROTH:
            yield f"nginx.error_pages: Nginx may not read {file}: chmod o+r {file}"


def _named(app: AppSettings) -> Iterator[tuple[str, Path]]:
    build, tomcat = f"apps.{app.name}.build", f"apps.{app.name}.tomcat"
    if app.build.ca_bundle is not None:
        yield f"{build}.ca_bundle", app.build.ca_bundle
    for variable, file in app.build.env_files.items():
        yield f"{build}.env_files.{variable}", Path(file)
    if app.build.war.startswith("/"):
        yield f"{build}.war", Path(app.build.war)
    if app.tomcat.env_file is not None:
        yield f"{tomcat}.env_file", app.tomcat.env_file
    for place, name in app.tomcat.files.items():
        if name.startswith("/"):
            yield f'{tomcat}.files."{place}"', Path(name)
