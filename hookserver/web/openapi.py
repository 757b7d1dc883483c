"""``/openapi.json``: the HTTP API as an OpenAPI 3.1 document, for people and programs that call it.

Paths, methods and summaries come from the URL map and the views, bodies and queries from ``fields``, answers from
``views/documents``, and what none of them says from ``api_calls``. https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

from flask import Blueprint, Flask, Response, current_app
from pydantic import BaseModel, TypeAdapter
from werkzeug.routing import Rule

from hookserver import __version__
from hookserver.web.api_calls import CALLS, ERRORS, PUSH, SCHEMES, Call, Problem
from hookserver.web.body import FORM, JSON
from hookserver.web.fields import MAX_DEPLOY_NUMBER

blueprint = Blueprint("openapi", __name__)
_KEY = "openapi"


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Describe all calls: this document."""
    # Made once: it takes 40 ms, and everybody may ask for it.
    if _KEY not in current_app.extensions:
        current_app.extensions[_KEY] = current_app.json.dumps(document(current_app))
    return Response(current_app.extensions[_KEY], content_type=JSON)


def document(app: Flask) -> dict[str, Any]:
    """The OpenAPI document of all routes of ``app``. Raises KeyError for one that ``api_calls`` does not have."""
    schemas = _Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^<>]*:)?(\w+)>", r"{\1}", rule.rule).replace("{name}", "{app}")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            view = app.view_functions[rule.endpoint]
            paths.setdefault(path, {})[method.lower()] = _operation(rule, view, CALLS[rule.endpoint], schemas)
    problem = {
        kind: {"schema": schema}
        for kind, schema in (
            ("application/problem+json", schemas.of(Problem, is_answer=True)),
            ("text/plain", {"type": "string"}),
        )
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "hookserver", "version": __version__, "license": {"name": "MIT", "identifier": "MIT"}},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas.definitions,
            "responses": {str(status): {"description": what, "content": problem} for status, what in ERRORS.items()},
            "securitySchemes": SCHEMES,
        },
    }


class _Schemas:
    """Makes references to the schemas of types, and collects their definitions."""

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}

    def of(self, kind: Any, *, is_answer: bool) -> dict[str, Any]:
        """The schema of a type; a type with fields becomes a component."""
        mode: Literal["serialization", "validation"] = "serialization" if is_answer else "validation"
        schema = TypeAdapter(kind).json_schema(mode=mode, ref_template="#/components/schemas/{model}")
        definitions = schema.pop("$defs", {})
        if "properties" in schema:
            name = schema["title"]
            definitions[name], schema = schema, {"$ref": f"#/components/schemas/{name}"}
        for definition in definitions.values():
            if "properties" in definition:  # an answer has no other keys than its type: the type checker knows
                definition.setdefault("additionalProperties", False)
        self.definitions |= definitions
        return schema


def _operation(rule: Rule, view: Callable[..., Any], call: Call, schemas: _Schemas) -> dict[str, Any]:
    tag, _, name = rule.endpoint.partition(".")
    summary = (view.__doc__ or "").partition("\n")[0]
    operation: dict[str, Any] = {"operationId": name, "tags": [tag], "summary": summary}
    if call.security:
        operation["security"] = [*call.security]
    operation["parameters"] = [*_path_parameters(rule), *_query_parameters(call.query)]
    if tag == "hooks":
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": PUSH}}}
    elif call.body:
        content = {"schema": schemas.of(call.body, is_answer=False)}
        is_needed = any(one.is_required() for one in call.body.model_fields.values())
        operation["requestBody"] = {"required": is_needed, "content": {JSON: content, FORM: content}}
    errors = {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(call.errors)}
    operation["responses"] = {**dict(_answers(call, schemas)), **errors}
    return operation


def _path_parameters(rule: Rule) -> Iterator[dict[str, Any]]:
    number = {"type": "integer", "minimum": 1, "maximum": MAX_DEPLOY_NUMBER}
    for argument, name, what, schema in (
        ("name", "app", "An app's name.", {"type": "string", "examples": ["shop"]}),
        ("number", "number", "A deploy's number.", number),
    ):
        if argument in rule.arguments:
            yield {"name": name, "in": "path", "required": True, "description": what, "schema": schema}


def _query_parameters(query: type[BaseModel] | None) -> Iterator[dict[str, Any]]:
    for name, schema in (query.model_json_schema()["properties"] if query else {}).items():
        yield {"name": name, "in": "query", "description": schema.pop("description"), "schema": schema}


def _answers(call: Call, schemas: _Schemas) -> Iterator[tuple[str, Any]]:
    headers = {name: {"description": what, "schema": {"type": "string"}} for name, what in call.headers.items()}
    for status, kind in call.answers.items():
        content = {text: {"schema": {"type": "string"}} for text in call.text}
        if kind is not str:
            content[JSON] = {"schema": schemas.of(kind, is_answer=True)}
        what = "The log." if kind is str else (kind.__doc__ or "").partition("\n")[0]
        yield str(status), {"description": what, "headers": headers, "content": content}
