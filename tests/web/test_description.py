"""Facts of web/description and web/openapi.json: served as kept, complete, and equal to the routes."""

from __future__ import annotations

import json
import re

import jsonschema_rs
import pytest

from web.app import create_app
from web.description import FILE
from web.description.document import render
from web.description.operations import KEY_REQUIRED, SUMMARIES
from web.edge import API_VERSION
from web.settings import Settings

KEPT = json.loads(FILE.read_bytes())
NO_API = {
    "/": "a page for people",
    "/icon.svg": "what pages show",
    "/style.css": "what pages are dressed with",
    "/development": "the sign-in provider of a development service",
    "/metrics": "for the operator's own network",
    "/oauth/authorize": "a page of the sign-in, RFC 6749 section 4.1",
    "/signin": "a page",
    "/signin/callback": "a page",
    "/signout": "a page",
    "/v1/openapi.json": "the description itself",
}
METHODS = {"get", "head", "post", "put", "patch", "delete"}


def operations():
    for path, item in KEPT["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, method, operation


def resolved(value):
    while "$ref" in value:
        target = KEPT
        for word in value["$ref"].removeprefix("#/").split("/"):
            target = target[word]
        value = target
    return value


def test_kept_as_made():
    """The kept description is what the routes give now; `python -m web.description` writes it anew."""
    assert FILE.read_bytes() == render()


async def test_served_as_kept(client):
    """The service gives the kept bytes, to everybody."""
    answer = await client.get("/v1/openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.content == FILE.read_bytes()


def test_routes_are_described():
    """Every route of the application is described, or is on the short list of those that are no API; and no other."""
    described = {
        (path if item.get("servers") else f"/v1{path}", method.upper())
        for path, item in KEPT["paths"].items()
        for method in item
        if method in METHODS
    }
    served = set()
    for route in create_app(Settings()).routes:
        path = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
        if path not in NO_API:
            served |= {(path, method) for method in route.methods - {"OPTIONS"}}
    assert served == described


def test_description_is_openapi():
    """The document says what the API design rules ask: version, contact, licence, https, the major version."""
    info = KEPT["info"]
    assert KEPT["openapi"] == "3.1.0"
    assert info["version"] == API_VERSION
    assert info["license"]["identifier"] == "EUPL-1.2"
    assert {"name", "email", "url"} <= info["contact"].keys()
    assert [server["url"] for server in KEPT["servers"]] == ["https://{host}/v1"]
    assert all(re.fullmatch(r"(/([a-z0-9.-]+|\{[a-z_]+\}))+", path) for path in KEPT["paths"])


def test_operations_are_complete():
    """Every operation has a name of its own, a summary in words, a known tag, a security statement and a version."""
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    assert SUMMARIES.keys() | KEY_REQUIRED <= set(names)
    tags = {tag["name"] for tag in KEPT["tags"]}
    for _path, _method, operation in operations():
        assert " " in operation["summary"], operation["operationId"]
        assert operation["description"]
        assert set(operation["tags"]) <= tags
        assert operation["tags"]
        assert isinstance(operation["security"], list)
        for response in map(resolved, operation["responses"].values()):
            assert "API-Version" in response["headers"]
        assert "422" not in operation["responses"]


def test_path_parameters_are_declared():
    """Every name in a path has its parameter."""
    for path, _method, operation in operations():
        declared = {each["name"] for each in map(resolved, operation.get("parameters", [])) if each["in"] == "path"}
        assert declared == set(re.findall(r"\{(\w+)\}", path))


def test_acts_take_a_key():
    """Every POST below /v1 takes an Idempotency-Key; deliveries, readings, consents and answers ask for one."""
    asked = set()
    for path, method, operation in operations():
        keys = [each for each in map(resolved, operation.get("parameters", [])) if each["name"] == "Idempotency-Key"]
        if method == "post" and "servers" not in KEPT["paths"][path]:
            assert len(keys) == 1, operation["operationId"]
        if keys and keys[0]["required"]:
            asked.add(operation["operationId"])
    assert asked == KEY_REQUIRED


@pytest.mark.parametrize("place", ["body", "answer"])
def test_examples_fit_their_schemas(place):
    """Every body and answer of JSON has an example, and it is valid."""
    seen = 0
    for _path, _method, operation in operations():
        contents = (
            [operation["requestBody"]["content"]]
            if place == "body" and "requestBody" in operation
            else [resolved(each).get("content", {}) for each in operation["responses"].values()]
            if place == "answer"
            else []
        )
        for content in contents:
            for media_type, media in content.items():
                if "json" in media_type:
                    root = {"components": KEPT["components"], **media["schema"]}
                    assert jsonschema_rs.validator_for(root).is_valid(media["example"]), operation["operationId"]
                    seen += 1
    assert seen > 20


def test_unknown_members_are_refused_in_every_body():
    """Each schema of a JSON body says that it takes no other members (N01)."""
    for _path, _method, operation in operations():
        media = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if media:
            assert resolved(media["schema"])["additionalProperties"] is False
