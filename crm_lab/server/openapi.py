"""The store's API described in OpenAPI 3.1, from the services' own signatures."""

from __future__ import annotations

import inspect
from typing import Any, get_type_hints

import msgspec

from crm_lab import __version__
from crm_lab.services.actions import Service, arguments_of

ARROW_TYPE, JSON_TYPE = "application/vnd.apache.arrow.stream", "application/json"
ERROR = {
    "type": "object",
    "required": ["error", "message"],
    "properties": {"error": {"type": "string"}, "message": {"type": "string"}, "field": {"type": "string"}},
}
ROWS = {
    "type": "object",
    "required": ["rows", "next"],
    "properties": {"rows": {"type": "array", "items": {"type": "object"}}, "next": {"type": ["string", "null"]}},
}
REFUSALS = {
    "401": "No token that is in force", "403": "Not permitted", "404": "There is none, or the caller may not see it", "405": "GET on an action that changes something",
    "409": "Changed meanwhile, or in the way of something else", "412": "Changed meanwhile: not the version of If-Match", "422": "Wrong input",
    "429": "Too often", "503": "The store does not answer",
}  # fmt: skip


def describe(services: dict[str, type[Service]]) -> dict[str, Any]:
    """The OpenAPI document of every action."""
    actions = [
        (f"{name}/{method.__name__}", method)
        for name, cls in services.items()
        for method in vars(cls).values()
        if hasattr(method, "action")
    ]
    answers = [get_type_hints(method).get("return", type(None)) for _path, method in actions]
    known = [t for t in answers if "pyarrow" not in repr(t)]
    inputs = [arguments_of(method) for _path, method in actions]
    schemas, components = msgspec.json.schema_components(
        [*inputs, *known], ref_template="#/components/schemas/{name}"
    )
    taken, given = list(schemas[: len(inputs)]), iter(schemas[len(inputs) :])
    paths: dict[str, Any] = {}
    for i, (path, method) in enumerate(actions):
        answer = None if "pyarrow" in repr(answers[i]) else next(given)
        paths[f"/api/{path}"] = {"post": _operation(method, inputs[i], taken[i], answer)}
        if not method.action.writes:
            paths[f"/api/{path}"]["get"] = _reading(method, components[taken[i]["$ref"].rpartition("/")[2]], answer)
    return {
        "openapi": "3.1.0",
        "info": {"title": "crm_lab", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": components | {"Error": ERROR},
            "responses": {code: {"description": words, "content": {JSON_TYPE: {"schema": {"$ref": "#/components/schemas/Error"}}}} for code, words in REFUSALS.items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _answers(content: dict[str, Any]) -> dict[str, Any]:
    refusals: dict[str, Any] = {code: {"$ref": f"#/components/responses/{code}"} for code in REFUSALS}
    return {"200": {"description": "The answer", "content": content}} | refusals


def _operation(method: Any, arguments: type[msgspec.Struct], taken: dict[str, Any], given: dict[str, Any] | None) -> dict[str, Any]:
    """An action sent with POST."""
    key = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "format": "uuid"}}
    version = {"name": "If-Match", "in": "header", "description": "The ETag of the version that is meant", "schema": {"type": "string"}}
    parameters = [key] * method.action.writes + [version] * ("version" in arguments.__struct_fields__)
    content: dict[str, Any] = {JSON_TYPE: {"schema": given}} if given is not None else {ARROW_TYPE: {}, JSON_TYPE: {"schema": ROWS}}
    return {
        "operationId": method.__qualname__,
        "summary": _summary(method),
        "parameters": parameters,
        "requestBody": {"content": {JSON_TYPE: {"schema": taken}}},
        "responses": _answers(content),
    }


def _reading(method: Any, taken: dict[str, Any], given: dict[str, Any] | None) -> dict[str, Any]:
    """A read sent with GET."""
    required = taken.get("required", [])
    parameters = [_parameter(name, schema, is_required=name in required) for name, schema in taken["properties"].items()]
    if given is None:
        limit, cursor = {"type": "integer", "minimum": 1, "maximum": 10_000}, {"type": "string"}
        parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in (("limit", limit), ("cursor", cursor)) if name not in taken["properties"]]
    parameters.append({"name": "If-None-Match", "in": "header", "schema": {"type": "string"}})
    content = {JSON_TYPE: {"schema": ROWS if given is None else given}}
    unchanged = {"304": {"description": "Nothing changed since that ETag"}}
    return {"operationId": f"{method.__qualname__}.get", "summary": _summary(method), "parameters": parameters, "responses": _answers(content) | unchanged}


def _parameter(name: str, schema: dict[str, Any], *, is_required: bool) -> dict[str, Any]:
    """An argument in the address; lists and objects are JSON there."""
    is_plain = schema.get("type") in {"string", "integer", "number", "boolean"}
    where: dict[str, Any] = {"schema": schema} if is_plain else {"content": {JSON_TYPE: {"schema": schema}}}
    return {"name": name, "in": "query", "required": is_required} | where


def _summary(method: Any) -> str:
    return (inspect.getdoc(method) or "").partition("\n")[0]
