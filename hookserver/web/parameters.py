"""Values in addresses, queries and bodies."""

from __future__ import annotations

import re
from typing import Any

from flask import request

from hookserver.config import AppSettings
from hookserver.errors import BadRequest, NotFound, did_you_mean
from hookserver.models import Trigger
from hookserver.web.context import context

DEPLOY = "int(max=2147483647)"
"""The converter of a deploy's number in a route."""
_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_TRIGGERS = {"api": Trigger.API, "git-push": Trigger.GIT_PUSH}


def flag(name: str) -> bool:
    """``?name=1`` in the query. Raises BadRequest for anything but 1 and 0."""
    given = request.args.get(name, "0")
    if given not in ("0", "1"):
        raise BadRequest(f"{name}={given[:20]} is neither 1 nor 0", http_status=422)
    return given == "1"


def wants_text() -> bool:
    """Whether the caller asks for ``text/plain`` before all else, as a shell script does that has no JSON."""
    return request.accept_mimetypes.best == "text/plain"


def limit(default: int = 20, most: int = 200) -> int:
    """``?limit=`` in the query."""
    given = request.args.get("limit", str(default))
    if not given.isascii() or not given.isdigit() or len(given) > 4 or not 1 <= int(given) <= most:
        raise BadRequest(f"limit is not a number from 1 to {most}", http_status=422)
    return int(given)


def known_app(name: str) -> AppSettings:
    """The app's settings. Raises NotFound with the nearest name."""
    apps = context().settings.apps
    if name not in apps:
        remedy = did_you_mean(name, apps) or "The settings file names the apps as [apps.<name>]."
        raise NotFound(f"there is no app {name[:50]!r}", remedy)
    return apps[name]


def commit(given: object) -> str:
    """A commit in 7 to 40 hexadecimal digits, or "" when none is given."""
    if given is None:
        return ""
    if not isinstance(given, str) or not _COMMIT.fullmatch(given.lower()):
        raise BadRequest("commit is not 7 to 40 hexadecimal digits", "Take it from `git log`.", 422)
    return given.lower()


def check_ref(given: object, app: AppSettings) -> None:
    """Raise BadRequest unless ``given`` is the branch that the app deploys, or None."""
    if given is not None and given not in (app.branch, f"refs/heads/{app.branch}"):
        shown = repr(given)[:100]
        raise BadRequest(
            f"{app.name} deploys {app.branch}, not {shown}",
            "Leave ref out, or name one commit as commit; the branch is a setting of the app.",
            422,
        )


def boolean(name: str, given: object) -> bool:
    """true or false; as text only in a form, where there is nothing else."""
    texts = {"true": True, "false": False} if not request.is_json else {}
    if isinstance(given, str) and given in texts:
        return texts[given]
    if given is None or isinstance(given, bool):
        return bool(given)
    raise BadRequest(f"{name} is neither true nor false", http_status=422)


def trigger(given: object) -> Trigger:
    """What asks: "api", the default, or "git-push" for a hook of a repository."""
    if given is None:
        return Trigger.API
    if not isinstance(given, str) or given not in _TRIGGERS:
        raise BadRequest(f"trigger is none of {', '.join(_TRIGGERS)}", http_status=422)
    return _TRIGGERS[given]


def number(name: str, given: object) -> int | None:
    """A deploy's number, or None when none is given."""
    if isinstance(given, str) and not request.is_json and given.isascii() and given.isdigit() and len(given) < 10:
        given = int(given)
    if given is not None and (isinstance(given, bool) or not isinstance(given, int) or not 0 < given < 1 << 31):
        raise BadRequest(f"{name} is not the number of a deploy", "`hookserver history` lists them.", 422)
    return given


def one_line(name: str, given: Any) -> str:
    """A text that a person wrote, 200 characters at most."""
    if not isinstance(given, str) or not given.strip() or len(given) > 200 or not given.isprintable():
        raise BadRequest(f"{name} is needed: one line of text, 200 characters at most", http_status=422)
    return str(given.strip())
