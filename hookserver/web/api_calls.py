"""What each call takes, answers and needs, where its view does not say it: for the OpenAPI document.

The types of what ``views/documents`` makes are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NotRequired

from pydantic import BaseModel

# Pydantic needs this one before Python 3.12: https://docs.pydantic.dev/latest/errors/usage_errors/#typed-dict-version
from typing_extensions import TypedDict

from hookserver.models import Scope, Status
from hookserver.views.documents import AppDocument, DeployDocument, LockDocument, StepDocument
from hookserver.web.fields import DeployFields, FollowQuery, ListQuery, LockFields, LogQuery, NoFields, RollbackFields


class AppsAnswer(TypedDict):
    """The apps of the token."""

    apps: list[AppDocument]


class DeploysAnswer(TypedDict):
    """Deploys, newest first."""

    deploys: list[DeployDocument]


class DeployAnswer(DeployDocument):
    """One deploy with its steps, and the address of its log."""

    steps: list[StepDocument]
    log: str


class LockAnswer(TypedDict):
    """The lock of an app, or null."""

    lock: LockDocument | None


class QueuedAnswer(TypedDict):
    """The push is on disk; the worker deploys it."""

    deploy: int
    status: Literal[Status.QUEUED]
    log: str


class HookAnswer(TypedDict):
    """``queued``: a deploy will run; ``ignored`` and ``duplicate``: none will, with the reason."""

    status: Literal["queued", "ignored", "duplicate"]
    deploy: NotRequired[int]
    reason: NotRequired[str]


class ProbeAnswer(TypedDict):
    """The process answers."""

    status: Literal["ok"]


class OpenApiAnswer(TypedDict):
    """An OpenAPI document."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]
    components: dict[str, Any]


class WrongField(TypedDict):
    """What is wrong with one field."""

    field: str
    detail: str


class Problem(TypedDict):
    """What happened (RFC 9457), and what to do next."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    remedy: NotRequired[str]
    errors: NotRequired[list[WrongField]]
    deploy: NotRequired[int]
    deploy_status: NotRequired[Status]


PUSH = {
    "type": "object",
    "properties": {
        "ref": {"type": "string", "description": "such as refs/heads/main; another branch is ignored"},
        "after": {"type": "string", "description": "the commit; what is deployed is the branch's tip"},
        "deleted": {"type": "boolean"},
        "pusher": {"description": "a name, or an object with one"},
    },
    "required": ["ref"],
    "examples": [{"ref": "refs/heads/main", "after": "3f2a9c81d0b73f2a9c81d0b73f2a9c81d0b73f2a"}],
}
SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "`hookserver token create` makes one."},
    **{
        name: {"type": "apiKey", "in": "header", "name": header, "description": f"{form} over the body"}
        for name, header, form in (
            ("github", "X-Hub-Signature-256", "sha256=<HMAC-SHA256>"),
            ("gitea", "X-Gitea-Signature", "<HMAC-SHA256>"),
            ("signature", "X-Hookserver-Signature", "sha256=<HMAC-SHA256>"),
        )
    },
}
_SIGNED = tuple({name: list[str]()} for name in ("github", "gitea", "signature"))
ERRORS = {
    400: "The request cannot be understood.",
    401: "No valid signature or token.",
    403: "The token's scope does not allow this.",
    404: "There is none, or not for this token.",
    408: "The body did not arrive in time.",
    409: "Not allowed now.",
    413: "The body is too large.",
    415: "The body is neither JSON nor a form.",
    422: "Fields are wrong, or the deploy that was waited for has failed.",
    429: "Too many calls without a valid signature or token.",
    503: "Try again later; nothing was stored.",
}
_OF_A_BODY = (400, 408, 413, 415, 422)
_OF_A_TOKEN = (401, 403, 429, 503)


@dataclass(frozen=True)
class Call:
    """What the URL map does not say of a call.

    ``answers``: status → type, ``str`` for one that is no JSON; ``text``: media types beside JSON. ``security``: the
    alternatives; that of a token has the scope that the call needs.
    """

    answers: Mapping[int, Any]
    errors: tuple[int, ...] = ()
    security: tuple[dict[str, list[str]], ...] = ()
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    text: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def _needs(scope: Scope) -> tuple[dict[str, list[str]], ...]:
    return ({"token": [str(scope)]},)


_FOLLOWED = {202: QueuedAnswer, 200: DeployDocument}
_LOCATION = {"Location": "The address of the deploy."}
_TEXT, _EVENTS = "text/plain", "text/event-stream"
_READ, _DEPLOY, _ADMIN = _needs(Scope.READ), _needs(Scope.DEPLOY), _needs(Scope.ADMIN)
CALLS = {
    "hooks.receive": Call({202: HookAnswer, 200: HookAnswer}, (*_OF_A_TOKEN, *_OF_A_BODY), (*_SIGNED, *_DEPLOY)),
    "api.apps": Call({200: AppsAnswer}, _OF_A_TOKEN, _READ),
    "api.app": Call({200: AppDocument}, (*_OF_A_TOKEN, 404), _READ),
    "api.deploys": Call({200: DeploysAnswer}, (*_OF_A_TOKEN, 404, 422), _READ, query=ListQuery),
    "api.deploy": Call(
        _FOLLOWED, (*_OF_A_TOKEN, *_OF_A_BODY, 404), _DEPLOY, DeployFields, FollowQuery, (_TEXT,), _LOCATION
    ),
    "api.rollback": Call(
        _FOLLOWED, (*_OF_A_TOKEN, *_OF_A_BODY, 404, 409), _DEPLOY, RollbackFields, FollowQuery, (_TEXT,), _LOCATION
    ),
    "api.lock": Call({200: LockAnswer}, (*_OF_A_TOKEN, *_OF_A_BODY, 404, 409), _ADMIN, LockFields),
    "api.unlock": Call({200: LockAnswer}, (*_OF_A_TOKEN, 404), _ADMIN),
    "api.one_deploy": Call({200: DeployAnswer}, (*_OF_A_TOKEN, 404), _READ),
    "api.cancel": Call(
        {200: DeployDocument, 202: DeployDocument},
        (*_OF_A_TOKEN, *_OF_A_BODY, 404, 409),
        _DEPLOY,
        NoFields,
        headers=_LOCATION,
    ),
    "log_stream.log": Call({200: str}, (*_OF_A_TOKEN, 404, 422), _READ, query=LogQuery, text=(_TEXT, _EVENTS)),
    "openapi.openapi": Call({200: OpenApiAnswer}),
    "probes.live": Call({200: ProbeAnswer}),
    "probes.ready": Call({200: ProbeAnswer}, (503,)),
}
