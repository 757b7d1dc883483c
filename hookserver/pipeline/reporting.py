"""Reports the progress and the errors of a worker's task."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hookserver.errors import HookserverError

Report = Callable[[str], None]
"""Takes one message, for the worker's log."""


@contextmanager
def errors_reported(subject: str, report: Report) -> Iterator[None]:
    """Report an error of the block with its cause, as one of ``subject``, and go on after the block."""
    try:
        yield
    except HookserverError as error:
        report(f"{subject}: {error}")
    except Exception as error:
        logging.getLogger("reconcile").exception("%s", subject)
        report(f"{subject}: unexpected {type(error).__name__}: {error}\nReport it with the lines above.")
