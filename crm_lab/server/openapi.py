"""The store's API described in OpenAPI 3.1, from the services' own signatures."""

from __future__ import annotations

import inspect
from typing import Any, get_type_hints

import msgspec

from crm_lab import __version__
from crm_lab.services.actions import Service, arguments_of

FRAME = {"description": "An Arrow stream", "content": {"application/vnd.apache.arrow.stream": {}}}


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
    paths = {
        f"/api/{path}": {"post": _operation(method, taken[i], None if "pyarrow" in repr(answers[i]) else next(given))}
        for i, (path, method) in enumerate(actions)
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "crm_lab", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(method: Any, taken: dict[str, Any], given: dict[str, Any] | None) -> dict[str, Any]:
    content = {"application/json": {"schema": given}}
    key = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "format": "uuid"}}
    return {
        "operationId": method.__qualname__,
        "summary": (inspect.getdoc(method) or "").partition("\n")[0],
        "parameters": [key] if method.action.writes else [],
        "requestBody": {"content": {"application/json": {"schema": taken}}},
        "responses": {"200": FRAME if given is None else {"description": "The answer", "content": content}},
    }
