"""Somebody who asks without end: bounded before anything is looked up, so that nobody fills the log by asking."""

from __future__ import annotations

import json

import pytest

from dossier.client.carrier import Request
from tests.scenarios.story import tell
from tests.scenarios.test_casework import accepted
from tests.scenarios.test_casework import cast as cast_of_cases
from tests.values import replace
from tests.web.browsing import ORIGIN
from web.description import FILE
from web.settings import Settings
from web.signin.limits import Limiter

cast = cast_of_cases
LIMIT, NOW, MINUTE_LEFT = 3, 1_000, "20"
LOOKS = {
    "showDossier": "/v1/dossiers/{dossier}",
    "listStatements": "/v1/dossiers/{dossier}/statements",
    "listHolderCapsules": "/v1/dossiers/{dossier}/capsules",
    "listRotations": "/v1/dossiers/{dossier}/rotations",
    "listDossierEvents": "/v1/dossiers/{dossier}/events",
    "listConsents": "/v1/dossiers/{dossier}/consents",
    "listItems": "/v1/dossiers/{dossier}/items",
    "listCapsules": "/v1/consents/{dossier}/capsules",
    "listAccessRequests": "/v1/access-requests?dossier={dossier}",
    "showStreamKeys": "/v1/streams/{dossier}/keys",
    "showCase": "/v1/cases/{dossier}",
    "listEvents": "/v1/events",
}


@pytest.fixture
def bounded(app, monkeypatch):
    """The service with nobody's looks counted yet, few of them allowed, and time at a stand in this minute."""
    service = app.state.service
    monkeypatch.setattr(service, "settings", replace(service.settings, look_limit=LIMIT))
    monkeypatch.setattr(service, "sign_in", service.sign_in)
    forget(service)
    return service


def forget(service):
    """Let nobody have looked yet."""
    service.sign_in = replace(service.sign_in, limiter=Limiter(lambda: NOW))


def look(session, path, content=b""):
    """Ask as whoever has the session, by POST where there is something to send; the answer, whatever it is."""
    headers = {"authorization": f"Bearer {session._bearer.access}", "content-type": "application/json"}
    return session._http.send(Request("POST" if content else "GET", ORIGIN + path, headers, content))


async def events_of(service, stream):
    """How many events a stream has."""
    return await service.pool.fetchval("SELECT seq FROM audit.head WHERE stream = $1", stream)


@pytest.mark.parametrize("missing", [False, True], ids=["of another", "of nobody"])
async def test_refused_looks_end_at_the_bound(cast, bounded, missing):
    """Each refused look is an event until the bound; then nothing is looked up or written, there or not (P4, N54)."""
    where = bytes(16) if missing else cast.dossier
    paths = [path.format(dossier=where.hex()) for name, path in LOOKS.items() if name != "listEvents"]
    before = await events_of(bounded, cast.noor.person)
    answers = await tell(lambda: [look(cast.reader.session, path) for path in paths])
    assert [each.status for each in answers] == [404] * LIMIT + [429] * (len(paths) - LIMIT)
    assert await events_of(bounded, cast.noor.person) == before + LIMIT
    for refused in answers[LIMIT:]:
        assert refused.header("retry-after") == MINUTE_LEFT
        assert refused.header("content-type") == "application/problem+json"
        assert refused.json()["code"] == "too-many-requests"


async def test_every_look_counts_alone(cast, bounded):
    """Each of these calls is bounded by itself, an auditor's too, and what is permitted as well."""
    for path in LOOKS.values():
        forget(bounded)
        asked = [path.format(dossier=cast.dossier.hex())] * (LIMIT + 1)
        answers = await tell(lambda asked=asked: [look(cast.owner.session, each) for each in asked])
        assert [each.status == 429 for each in answers] == [False] * LIMIT + [True], path


async def test_previews_count(cast, bounded):
    """A preview is a look like the others, whatever is asked."""
    path = f"/v1/dossiers/{cast.dossier.hex()}/consent-previews"
    answers = await tell(lambda: [look(cast.owner.session, path, b"{}").status for _ in range(LIMIT + 1)])
    assert answers == [400] * LIMIT + [429]


async def test_each_actor_has_a_bound_of_their_own(cast, bounded):
    """Whoever used theirs up takes nothing from others, and others' cases are as closed to them as none (P4)."""

    def story():
        case = accepted(cast)
        forget(bounded)
        paths = [f"/v1/cases/{each.hex()}" for each in (case, bytes(16))]
        assert [look(cast.reader.session, each).status for each in paths] == [200, 404]
        look(cast.reader.session, paths[0])
        first, second = (look(cast.reader.session, each) for each in paths)
        assert (first.status, second.status) == (429, 429)
        assert {**first.json(), "instance": ""} == {**second.json(), "instance": ""}
        assert look(cast.owner.session, paths[0]).status == 200

    await tell(story)


def test_the_description_says_which_calls_are_bounded():
    """The API description has the 429 of exactly these calls that only look, and of a preview; the bound is generous."""
    document = json.loads(FILE.read_bytes())
    calls = [(verb, each) for path in document["paths"].values() for verb, each in path.items() if verb != "servers"]
    bounded = {each["operationId"] for verb, each in calls if "429" in each["responses"] and verb == "get"}
    preview = next(each for _, each in calls if each["operationId"] == "previewConsent")
    assert bounded == set(LOOKS)
    assert preview["responses"]["429"] == {"$ref": "#/components/responses/TooMany"}
    assert "Retry-After" in document["components"]["responses"]["TooMany"]["headers"]
    assert Settings().look_limit == 3_000
