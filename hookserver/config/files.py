"""Files of this machine that the settings name."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator

from hookserver.config.app_schema import AppSettings
from hookserver.config.schema import NginxSettings
from hookserver.config.walk import files_of

FAILURES = (502, 503, 504)
"""The answers of Nginx that have a page."""

ERROR_PAGES = tuple(f"{status}.html" for status in FAILURES)
"""The files in ``nginx.error_pages``."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")  # https://toml.io/en/v1.0.0#keys


def unreadable_files(app: AppSettings) -> Iterator[str]:
    """A line for each file that this process cannot read now. It is needed at the next deploy, not before."""
    for key, file in files_of(app):
        path = ".".join(name if _BARE_KEY.fullmatch(name) else f'"{name}"' for name in ("apps", app.name, *key))
        if not file.is_file():
            yield f"{path}: there is no file {file}"
        elif not os.access(file, os.R_OK):
            yield f"{path}: no permission to read {file}"


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
