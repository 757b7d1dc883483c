"""Docker's errors in our words."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import docker.errors
import requests

from hookserver.errors import BuildError


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Docker's errors and those of the way to it, as BuildError: Docker could not <doing>."""
    try:
        yield
    except docker.errors.APIError as error:
        said = error.explanation or str(error)
        raise BuildError(f"Docker could not {doing}: {said}", _remedy(str(said))) from error
    except tarfile.TarError as error:
        raise BuildError(f"Docker could not {doing}: {error}", "Deploy again.") from error
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise BuildError(
            f"Docker does not answer (could not {doing}): {error}",
            "Look after the Docker engine (systemctl status docker), then deploy again.",
        ) from error
    except OSError as error:
        raise BuildError(f"could not {doing}: {error}", _remedy(str(error))) from error


def failure(message: Mapping[str, Any]) -> str:
    """Why what runs has failed, in a message of a build or a pull; empty: it tells of no failure.

    Engines told it in ``error`` alone, then in both places; the API from 1.48 on says that ``error`` will go.
    """
    detail = message.get("errorDetail") or {}
    return str(detail.get("message") or message.get("error") or "")


def _remedy(said: str) -> str:
    if "no space left" in said.lower():
        return "The disk is full: make room (docker system df shows what Docker holds), then deploy again."
    return "Mend what is said above, then deploy again."
