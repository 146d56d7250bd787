"""Access requests over HTTP: asking, the lists of both sides, answering."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from consent.catalogue import shipped_catalogues
from dossier.dossiers.statements import read_bytes, read_capsules, read_statement
from dossier.parties.actor import require_step_up
from dossier.requests.answering import Answered, AnswerRequest, NewAnswer
from dossier.requests.asking import Ask, Asked
from dossier.requests.service import RequestList
from dossier.sharing.consents import NewConsent
from web.api.act import Body, Http, actor_of, claim_of, looker_of, path_id, problems, service
from web.api.consents import ConsentBody
from web.signin.limits import Limit

RequestPath = Annotated[str, PathParameter(description="The id of the access request", pattern="^[0-9a-f]{32}$")]
REQUESTS = Limit("access-request", 60, 3600)
"""Requests by one actor, counted before anything is looked up."""


class AccessRequestBody(Body, frozen=True):
    """A signed request; words of one's own travel sealed to the dossier's inbox."""

    statement: str
    words: str = ""


class AnswerBody(Body, frozen=True):
    """A signed answer with the consents that it names, in that order; words are sealed to the one who asked."""

    statement: str
    consents: list[ConsentBody] = msgspec.field(default_factory=list)
    words: str = ""


@post(
    "/v1/access-requests",
    operation_id="askAccess",
    tags=["requests"],
    summary="Ask for access",
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def ask(request: Http, data: JSONBody[AccessRequestBody]) -> Asked:
    """Ask the owner of a dossier for access, with purpose, ground and reason."""
    arrival = asyncio.get_running_loop().time()
    actor = await actor_of(request)
    running = service(request)
    running.sign_in.limiter.count(REQUESTS, actor.id)
    statement = read_statement(data.statement, "access-request")
    words = read_bytes(data.words) if data.words else b""
    entry = Ask(actor, statement, words, shipped_catalogues().current, await claim_of(request, actor))
    return await running.casework.requests.ask(entry, arrival)


@get(
    "/v1/access-requests", operation_id="listAccessRequests", tags=["requests"], responses=problems(401, 404, 429, 503)
)
async def list_requests(
    request: Http,
    dossier: Annotated[str, QueryParameter(description="Only what was asked of this dossier, for its holders")] = "",
) -> RequestList:
    """List what one asked oneself, and what was asked of the dossiers that one owns."""
    actor = await looker_of(request)
    requests = service(request).casework.requests
    return await (requests.of_dossier(actor, path_id(dossier)) if dossier else requests.mine(actor))


@post(
    "/v1/access-requests/{request_id:str}/answer",
    operation_id="answerAccessRequest",
    tags=["requests"],
    summary="Answer a request for access",
    status_code=HTTP_200_OK,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def answer(request: Http, request_id: RequestPath, data: JSONBody[AnswerBody]) -> Answered:
    """Grant, grant in part or refuse, in one transaction with the consents given."""
    actor = await actor_of(request)
    running = service(request)
    require_step_up(actor, running.sign_in.clock())
    # What came is read before anything is looked up, and nothing is said of a request to whom it was not sent.
    statement, words = read_statement(data.statement, "access-answer"), read_bytes(data.words) if data.words else b""
    given = [(read_statement(each.statement, "consent"), read_capsules(each.capsules)) for each in data.consents]
    asked = await running.casework.requests.find(actor, path_id(request_id))
    new = NewAnswer(statement, [NewConsent(asked.dossier, *each) for each in given], words)
    claim = await claim_of(request, actor)
    return await running.writer.submit(AnswerRequest(actor, asked, new, shipped_catalogues().current, claim))


ROUTES = (ask, list_requests, answer)
