"""The whole API against its description: a real service, Schemathesis, and each kind of user."""

from __future__ import annotations

import json
import re
import secrets
from urllib.parse import urlsplit

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.openapi import checks as _checks  # noqa: F401 - registers the checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.serving import USERS, world
from web.description import FILE
from web.heads import is_public

KEPT = json.loads(FILE.read_bytes())
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
EXAMPLES = 4
"""Of each operation for each kind of user, in each mode; more are for a night's run."""

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@pytest.fixture(scope="module")
def town(database_urls, tmp_path_factory):
    with world(database_urls, tmp_path_factory.mktemp("served")) as settled:
        yield settled


def described(origin, *, versioned):
    """Half of the description, for its server: what is below /v1, or what stands beside it."""
    paths = {path: item for path, item in KEPT["paths"].items() if versioned != ("servers" in item)}
    schema = schemathesis.openapi.from_dict({**KEPT, "paths": paths})
    schema.config.update(base_url=f"{origin}/v1" if versioned else origin)
    schema.config.generation.update(with_security_parameters=False)
    return schema


def operations(origin):
    for versioned in (True, False):
        for found in described(origin, versioned=versioned).get_all_operations():
            yield found.ok()


def check_operation(town, operation, user, session):
    """Send what Schemathesis thinks of, half of it at things that exist, and check every answer."""
    names = [each.name for each in operation.path_parameters if each.name in town.ids]
    modes = [operation.as_strategy(GenerationMode.POSITIVE), operation.as_strategy(GenerationMode.NEGATIVE)]

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=st.one_of(modes), real=st.booleans())
    def one(case, real):
        if real and names:
            case.path_parameters.update({name: town.ids[name] for name in names})
        answer = case.call(session=session, headers=town.headers[user], timeout=20)
        assert answer.status_code < 500 or answer.status_code == 503, (case.as_curl_command(), answer.text)
        case.validate_response(answer, checks=CHECKS)

    one()


@pytest.mark.parametrize("user", USERS)
def test_every_answer_is_described(town, user):
    """Whatever anybody sends, the answer is one of the description: no 5xx, no other status, type or shape."""
    with requests.Session() as session:
        for operation in operations(town.origin):
            check_operation(town, operation, user, session)


def test_what_clients_do_is_described(town):
    """Every exchange of real clients, from the first member to a reading, fits the description."""
    schemas = {versioned: described(town.origin, versioned=versioned) for versioned in (True, False)}
    seen = set()
    for exchange in town.exchanges:
        path = label(exchange)
        if path is not None:
            item = KEPT["paths"][path]
            operation = schemas["servers" not in item][path][exchange.method]
            operation.validate_response(exchange.response)
            assert str(exchange.response.status_code) in item[exchange.method.lower()]["responses"]
            seen.add(operation.label)
    assert len(seen) > 20


def label(exchange):
    """The path of the description that an exchange went to, without the server."""
    for path, item in KEPT["paths"].items():
        full = path if "servers" in item else f"/v1{path}"
        pattern = re.sub(r"\\\{place\\\}", ".+", re.escape(full))
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", pattern)
        if exchange.method.lower() in item and re.fullmatch(pattern, exchange.path):
            return path
    return None


def bent(body):
    """The same body with one bit changed in every longer text: signatures, seals and ids are others."""
    if isinstance(body, dict):
        return {name: bent(each) for name, each in body.items()}
    if isinstance(body, list):
        return [bent(each) for each in body]
    if isinstance(body, str) and len(body) > 40:
        return body[:33] + ("A" if body[33] != "A" else "B") + body[34:]
    return body


def acts(town):
    """The first act of each kind that the clients did."""
    found = {}
    for exchange in town.exchanges:
        if exchange.method in {"POST", "PUT"} and exchange.path.startswith("/v1/"):
            found.setdefault((exchange.method, label(exchange)), exchange)
    return found


def test_borrowed_acts(town):
    """A real act sent again, by anybody else, or with a bit changed, is refused or done as described: never a 5xx."""
    assert len(acts(town)) > 12
    with requests.Session() as session:
        for (method, path), exchange in acts(town).items():
            answers = KEPT["paths"][path][method.lower()]["responses"]
            body = json.loads(exchange.request)
            for user in USERS:
                for sent in (body, bent(body)):
                    headers = town.headers[user] | {"idempotency-key": secrets.token_hex(16)}
                    answer = session.request(method, town.origin + exchange.path, json=sent, headers=headers)
                    assert str(answer.status_code) in answers, (method, path, user, answer.text)
                    assert answer.status_code < 500, (method, path, user, answer.text)
                    if user == "nobody":
                        assert answer.status_code in {400, 401}


def test_head_of_what_is_public(town):
    """HEAD of what is public has the status and headers of GET and no body; what is decided has none."""
    varying = {"date", "request-id", "connection", "age"}
    with requests.Session() as session:
        for path in ("/", "/health/live", "/log/checkpoint", "/log/tile/9/999", "/v1/openapi.json", "/v1/register"):
            asked, told = (session.request(method, town.origin + path, timeout=20) for method in ("GET", "HEAD"))
            assert told.content == b""
            assert asked.content
            assert told.status_code == asked.status_code, path
            shown = [{k: v for k, v in each.headers.items() if k.lower() not in varying} for each in (asked, told)]
            assert shown[0] == shown[1], path
        for path in ("/v1/me", "/v1/cases"):
            assert session.head(town.origin + path, headers=town.headers["citizen"], timeout=20).status_code == 405


def test_other_methods_are_refused(town):
    """A method that a path does not have gets 405, and Allow names those it has."""
    with requests.Session() as session:
        for path, item in KEPT["paths"].items():
            full = re.sub(r"\{(\w+)\}", lambda found: town.ids.get(found[1], "0"), path)
            base = town.origin if "servers" in item else f"{town.origin}/v1"
            has = {method.upper() for method in item} & set(METHODS)
            for method in [*METHODS, "TRACE", "BREW"]:
                if method not in has and not (method == "HEAD" and is_public(urlsplit(base + full).path)):
                    answer = session.request(method, base + full, headers=town.headers["citizen"], timeout=20)
                    assert answer.status_code == 405, (method, path, answer.status_code)
                    allowed = set(re.split(r", *", answer.headers["allow"])) - {"OPTIONS"}
                    assert allowed == has, (method, path)
