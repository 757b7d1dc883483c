"""The fields that a request's body or query may have, as pydantic models; all mistakes are reported at once.

A field's ``description`` completes the message "<field> is not …".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from flask import request
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from hookserver.config import AppSettings
from hookserver.errors import did_you_mean
from hookserver.web import body
from hookserver.web.errors import WrongFields

MAX_DEPLOY_NUMBER = (1 << 31) - 1
DEPLOY_NUMBER = f"int(max={MAX_DEPLOY_NUMBER})"
"""The converter of a deploy's number in a route."""
_APP = "app"
"""In the validation's context: the settings of the app that the request is about."""

_OTHER_REF = "other_ref"
_MAX_REPORTED = 20
"""Mistakes reported."""


def _check_ref(given: Any, info: ValidationInfo) -> Any:
    app: AppSettings | None = (info.context or {}).get(_APP)
    if app and given is not None and given not in (app.branch, f"refs/heads/{app.branch}"):
        mistake = f"{app.name} deploys {app.branch}, not {given!r:.100}"
        raise PydanticCustomError(_OTHER_REF, "{mistake}", {"mistake": mistake})
    return given


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError
    return text


def _examples(*bodies: dict[str, JsonValue]) -> ConfigDict:
    """Bodies for the OpenAPI document."""
    return ConfigDict(json_schema_extra={"examples": [*bodies]})


class _Fields(BaseModel):
    """Fields of a body (JSON or a form) or of a query."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @classmethod
    def from_body(cls, app: AppSettings | None = None) -> Self:
        """The fields of this request's body; ``app``: the settings of the app that it is about.

        JSON has types of its own, so ``"true"`` is no boolean there; in a form everything is text.

        Raises WrongFields with every mistake, BadRequest for a body that has no fields, TryLater.
        """
        given, is_json = body.read_fields()
        context = {_APP: app}
        try:
            if is_json:
                return cls.model_validate(given, strict=True, context=context)
            return cls.model_validate_strings(given, context=context)
        except ValidationError as error:
            raise _explained(error, cls) from error

    @classmethod
    def from_query(cls) -> Self:
        """The fields of this request's query; others are ignored. Raises WrongFields."""
        given = {name: text for name, text in request.args.items() if name in cls.model_fields}
        try:
            return cls.model_validate_strings(given)
        except ValidationError as error:
            raise _explained(error, cls) from error


class NoFields(_Fields):
    """A body that may be there and has nothing to say."""


class DeployFields(_Fields):
    """``POST /apps/<app>/deploys``."""

    model_config = _examples({"ref": "main"}, {"commit": "3f2a9c81d0b7", "rebuild": True})

    ref: Annotated[str | None, BeforeValidator(_check_ref)] = Field(default=None, description="the app's branch")
    commit: Annotated[str, AfterValidator(str.lower)] = Field(
        default="", pattern="^[0-9a-fA-F]{7,40}$", description="7 to 40 hexadecimal digits, as `git log` shows them"
    )
    rebuild: bool = Field(default=False, description="true or false")
    trigger: Literal["api", "git-push"] = Field(default="api", description='"api" or "git-push"')


class RollbackFields(_Fields):
    """``POST /apps/<app>/rollback``; ``to``: the deploy whose release goes live again, None: the one before."""

    model_config = _examples({"to": 7})

    to: int | None = Field(
        default=None, ge=1, le=MAX_DEPLOY_NUMBER, description="the number of a deploy; `hookserver history` lists them"
    )


class LockFields(_Fields):
    """``PUT /apps/<app>/lock``."""

    model_config = ConfigDict(str_strip_whitespace=True) | _examples({"reason": "stocktaking"})

    reason: Annotated[str, AfterValidator(_one_line)] = Field(
        min_length=1, max_length=200, description="one line of text, 1 to 200 characters"
    )


class LogQuery(_Fields):
    """``?follow=1`` streams the log."""

    follow: Literal["0", "1"] = Field(default="0", description="0 or 1")


class FollowQuery(LogQuery):
    """``?follow=1`` streams the log, ``?wait=1`` answers at the end; both exclude each other."""

    wait: Literal["0", "1"] = Field(default="0", description="0 or 1")


class ListQuery(_Fields):
    """``?limit=``: how many to list."""

    limit: int = Field(default=20, ge=1, le=200, description="a number from 1 to 200")


def _explained(error: ValidationError, model: type[BaseModel]) -> WrongFields:
    details = error.errors(include_url=False, include_input=False)[:_MAX_REPORTED]
    mistakes = {_name(detail): _mistake(detail, model) for detail in details}
    unknown = [name for name in mistakes if name not in model.model_fields]
    names = ", ".join(model.model_fields) or "none"
    hints = [did_you_mean(name, model.model_fields) or f"Known fields: {names}." for name in unknown]
    return WrongFields(mistakes, " ".join(dict.fromkeys(hints)))


def _mistake(detail: ErrorDetails, model: type[BaseModel]) -> str:
    name = _name(detail)
    if name not in model.model_fields:
        return f"unknown field {name[:50]!r}"
    if detail["type"] == _OTHER_REF:
        return detail["msg"]
    return f"{name} is {'missing: ' if detail['type'] == 'missing' else 'not '}{model.model_fields[name].description}"


def _name(detail: ErrorDetails) -> str:
    """The field; empty where its name has half of a surrogate pair, which JSON can write and pydantic does not read."""
    return str(detail["loc"][0]) if detail["loc"] else ""
