"""The OpenAPI document: what Litestar makes of the routes, completed with what holds for all of them.

Paths below /v1 stand relative to the server, whose address ends with the major version (NL API Design Rules); sign-in,
health and log stand beside it and name their own server.
"""

from __future__ import annotations

import json
from typing import Any

from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Contact, License

from web.app import ROUTES
from web.description.examples import example
from web.description.operations import (
    BARE,
    GIVES,
    KEY_REQUIRED,
    KEY_UNUSED,
    OWN_PROOF,
    PARAMETERS,
    PUBLIC,
    SUMMARIES,
    TAKES,
)
from web.description.schemas import ANSWERS, NOTES, OTHER_EXAMPLES, OTHER_SCHEMAS, PROBLEM, PROBLEMS, RETRY, SECURITY
from web.edge import API_VERSION
from web.problems import MEDIA_TYPE, TYPE_PREFIX

SCHEMA = "#/components/schemas/"
ACTS = frozenset({"post", "put", "patch", "delete"})
TAGS = {
    "parties": "Organisations, people, systems and their keys",
    "dossiers": "Dossiers and the statements that govern them",
    "delivery": "Sealed records on their way to a dossier",
    "items": "What is in a dossier",
    "consents": "Who may read what, and the end of it",
    "readings": "Reading: decided, recorded, then released",
    "requests": "Asking for access",
    "cases": "Working together on a case",
    "audit": "Events and their proofs",
    "log": "The public log",
    "sign-in": "Sessions and tokens",
    "health": "Whether the service is well",
}


def render() -> bytes:
    """The bytes of the file: the same for the same routes, on every machine."""
    return json.dumps(describe(), ensure_ascii=False, indent=1).encode() + b"\n"


def describe() -> dict[str, Any]:
    """The whole document."""
    drawn = _drawn()
    schemas = drawn["components"]["schemas"]
    _complete_schemas(schemas, _bodies(drawn, schemas))
    paths = {}
    for path, methods in drawn["paths"].items():
        for method, operation in methods.items():
            _complete(operation, method, path, schemas)
        paths[path.removeprefix("/v1")] = methods if path.startswith("/v1/") else {"servers": [{"url": "/"}], **methods}
    return {
        "openapi": "3.1.0",
        "info": drawn["info"],
        "servers": [_server()],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": {name: _problem(status) for status, (name, _, _) in PROBLEMS.items()},
            "parameters": dict(PARAMETERS),
            "headers": {
                "API-Version": {"description": "The full version of the API.", "schema": {"type": "string"}},
                "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string", "pattern": "^[0-9]+$"}},
            },
            "securitySchemes": dict(SECURITY),
        },
    }


def _drawn() -> dict[str, Any]:
    config = OpenAPIConfig(
        title="Eigendossier",
        version=API_VERSION,
        summary="The case dossier that its subject owns",
        description=(
            "Agencies deliver sealed records; the owner decides who reads what, for which purpose and until when; "
            "every look is in a public log before anything is released. Ids and hashes are lower-case hexadecimal, "
            "other bytes base64, times UTC seconds. Unknown members of a body are refused."
        ),
        contact=Contact(
            name="Eigendossier maintainers",
            url="https://dossier.example",
            email="maintainers@dossier.example",
        ),
        license=License(name="EUPL-1.2", identifier="EUPL-1.2"),
        use_handler_docstrings=True,
        render_plugins=[JsonRenderPlugin()],
    )
    document: dict[str, Any] = Litestar(route_handlers=ROUTES, openapi_config=config).openapi_schema.to_schema()
    return document


def _server() -> dict[str, Any]:
    return {
        "url": "https://{host}/v1",
        "description": "A service; the host is where it runs.",
        "variables": {"host": {"default": "dossier.example"}},
    }


def _bodies(drawn: dict[str, Any], schemas: dict[str, Any]) -> set[str]:
    """The names of all schemas that a request body reaches."""
    waiting = [
        operation["requestBody"] for methods in drawn["paths"].values() for operation in methods.values()
        if "requestBody" in operation
    ]  # fmt: skip
    found: set[str] = set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            name = value.get("$ref", "").removeprefix(SCHEMA)
            if name and name not in found:
                found.add(name)
                waiting.append(schemas[name])
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return found


def _complete_schemas(schemas: dict[str, Any], bodies: set[str]) -> None:
    for name, schema in schemas.items():
        schema.pop("title", None)
        schema["required"] = sorted(schema.get("required", []))
        if name in bodies:
            schema["additionalProperties"] = False
    schemas["Problem"] = dict(PROBLEM)
    schemas.update(OTHER_SCHEMAS)


def _complete(operation: dict[str, Any], method: str, path: str, schemas: dict[str, Any]) -> None:
    name = operation["operationId"]
    operation["summary"] = SUMMARIES.get(name, operation.get("summary"))
    operation.pop("deprecated", None)
    signed_in = path.startswith("/v1/") and name not in PUBLIC
    operation["security"] = _security(name, method) if signed_in else []
    operation["parameters"] = _parameters(operation, method, path)
    if not operation["parameters"]:
        del operation["parameters"]
    _complete_body(operation, name, schemas)
    operation["responses"] = _responses(operation, method, schemas, signed_in=signed_in)


def _security(name: str, method: str) -> list[dict[str, list[str]]]:
    if name in OWN_PROOF:
        return [{"session": []}]
    return [{"bearer": []}, {"session": [], "csrf": []} if method in ACTS else {"session": []}]


def _parameters(operation: dict[str, Any], method: str, path: str) -> list[dict[str, Any]]:
    name = operation["operationId"]
    own = []
    for parameter in operation.get("parameters", []):
        schema = {key: value for key, value in parameter["schema"].items() if key != "description"}
        for bound in ("minimum", "maximum"):
            if bound in schema:
                schema[bound] = int(schema[bound])  # Litestar writes bounds of integers as floats
        kept = {key: parameter[key] for key in ("name", "in", "description", "required") if key in parameter}
        own.append({**kept, "schema": schema})
    shared = list(TAKES.get(name, ()))
    if method in ACTS and path.startswith("/v1/") and name not in KEY_UNUSED:
        shared.append("IdempotencyKeyRequired" if name in KEY_REQUIRED else "IdempotencyKey")
    return [*own, *({"$ref": f"#/components/parameters/{each}"} for each in shared)]


def _complete_body(operation: dict[str, Any], name: str, schemas: dict[str, Any]) -> None:
    if name == "giveToken":
        content = {"schema": {"$ref": SCHEMA + "TokenRequest"}, "example": OTHER_EXAMPLES["TokenRequest"]}
        operation["requestBody"] = {"required": True, "content": {"application/x-www-form-urlencoded": content}}
    elif name == "continueUpload":
        binary = {"schema": {"type": "string", "format": "binary"}}
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": binary}}
    for media in operation.get("requestBody", {}).get("content", {}).values():
        if "$ref" in media["schema"] and "example" not in media:
            media["example"] = example(media["schema"], schemas)


def _responses(operation: dict[str, Any], method: str, schemas: dict[str, Any], *, signed_in: bool) -> dict[str, Any]:
    name = operation["operationId"]
    found: dict[str, Any] = {}
    statuses = {int(status) for status in operation["responses"] if int(status) >= 400}  # noqa: PLR2004 - problems
    if signed_in:
        statuses |= {400, 401, 503} | ({403} if method in ACTS else set())
    if "requestBody" in operation and name != "giveToken":
        statuses |= {400, 413, 415}
    for status, response in operation["responses"].items():
        if int(status) not in PROBLEMS:
            found[status] = _good(response, name, schemas)
    for status in statuses:
        found[str(status)] = {"$ref": f"#/components/responses/{PROBLEMS[status][0]}"}
    _special(name, found)
    return dict(sorted(found.items()))


def _good(response: dict[str, Any], name: str, schemas: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if name in ANSWERS:
        content = {"application/json": {"schema": {"$ref": SCHEMA + ANSWERS[name]}}}
    content = content or ({} if name in BARE else response.get("content", {}))
    for media in content.values():
        word = media["schema"].get("$ref", "").rpartition("/")[2]
        if word:
            media["example"] = OTHER_EXAMPLES.get(word) or example(media["schema"], schemas)
        elif "application/octet-stream" in content:
            media["schema"] = {"type": "string", "format": "binary"}
        else:
            media.update({"schema": {"type": "string"}, "example": NOTES[name]})
    headers = {"API-Version": {"$ref": "#/components/headers/API-Version"}, **GIVES.get(name, {})}
    good: dict[str, Any] = {"description": "As asked.", "headers": headers}
    return {**good, "content": content} if content else good


def _special(name: str, found: dict[str, Any]) -> None:
    """What the table of problems does not cover: an unready service, and the errors of RFC 6749."""
    if name == "showReady":
        media = {"schema": {"$ref": SCHEMA + "Health"}, "example": {"status": "not ready", "checks": {"log": False}}}
        found["503"] = {**found["200"], "description": "Send nobody here.", "content": {"application/json": media}}
    if name == "giveToken":
        media = {"schema": {"$ref": SCHEMA + "TokenError"}, "example": {"error": "invalid_client"}}
        for status in ("400", "401", "429"):
            headers = {"API-Version": {"$ref": "#/components/headers/API-Version"}}
            content = {"application/json": media}
            found[status] = {"description": "RFC 6749 section 5.2.", "headers": headers, "content": content}


def _problem(status: int) -> dict[str, Any]:
    _, text, code = PROBLEMS[status]
    headers = {"API-Version": {"$ref": "#/components/headers/API-Version"}}
    if status in RETRY:
        headers["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
    shown = {"type": TYPE_PREFIX + code, "title": text, "status": status, "detail": text.lower(), "code": code}
    media = {"schema": {"$ref": SCHEMA + "Problem"}, "example": shown}
    return {"description": text, "headers": headers, "content": {MEDIA_TYPE: media}}
