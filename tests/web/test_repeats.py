"""What clients really send, sent again: the same key and body get the same answer, another body is refused (N72)."""

from __future__ import annotations

import json
import time

import pytest
import requests

from tests.web.serving import world

READINGS, ADDRESSES = "/readings", "/dossier-addresses"
REBUILT = (READINGS, ADDRESSES)
"""What is made again as things stand: a reading while its lease lasts, an address once the dossier has moved on."""


@pytest.fixture(scope="module")
def town(database_urls, tmp_path_factory):
    with world(database_urls, tmp_path_factory.mktemp("served")) as settled:
        yield settled


def kind(path):
    """The path without what is particular to one thing."""
    return "/".join("{}" if len(piece) == 32 else piece for piece in path.split("/"))


def posts(town):
    """One act of each kind that was done under a key: kind, exchange and the headers that it had."""
    seen = {}
    for each in town.exchanges:
        asked = each.response.request.headers
        kept = ("authorization", "idempotency-key", "content-type")
        headers = {name: asked[name] for name in kept if name in asked}
        if each.method == "POST" and "idempotency-key" in headers and each.response.status_code < 300:
            seen.setdefault(kind(each.path), (each, headers))
    return seen


def send(town, each, headers, body):
    return requests.post(town.origin + each.path, data=body, headers=headers, timeout=20)


def test_the_same_again_is_the_same(town):
    """Every act that was done under a key, sent again byte for byte: the same status and the same answer, done once."""
    done = posts(town)
    assert len(done) > 13
    told = []
    for what, (each, headers) in done.items():
        again = send(town, each, headers, each.request)
        same = again.content == each.response.content or what.endswith(REBUILT)
        if again.status_code != each.response.status_code or not same:
            told.append((what, each.response.status_code, again.status_code, again.text[:200]))
    assert told == []


def test_an_address_is_the_same_while_the_dossier_is(town):
    """A question for an address sent twice gives one answer, byte for byte; under another key it is a new question."""
    _each, headers = posts(town)["/v1" + ADDRESSES]
    path, body = f"{town.origin}/v1{ADDRESSES}", {"identifier": town.cast.bsn}
    asked = headers | {"idempotency-key": "ad" * 16}
    first = requests.post(path, json=body, headers=asked, timeout=20)
    time.sleep(1.1)  # issuedAt counts seconds
    assert requests.post(path, json=body, headers=asked, timeout=20).content == first.content
    assert requests.post(path, json=body, headers=headers | {"idempotency-key": "ae" * 16}, timeout=20).ok
    assert first.status_code == 200


def test_another_body_is_refused(town):
    """Every act that was done under a key: another body under that key is a conflict, whatever the act."""
    told = []
    for what, (each, headers) in posts(town).items():
        if what.endswith(READINGS):
            continue  # the key stands in the signed request: another one under it is another person's word
        other = other_body(json.loads(each.request))
        answer = send(town, each, headers, json.dumps(other))
        if answer.status_code != 409:
            told.append((what, answer.status_code, answer.text[:200]))
    assert told == []


def other_body(body):
    """For something else, where it is said in plain words; else the same, which is sent with other spaces."""
    if "identifier" in body:
        return {"identifier": "bsn:999990019"}
    if "length" in body:
        return {**body, "length": body["length"] + 1}
    return body
