"""Cases over HTTP: opening, accepting, who takes part, handing over the reins, closing."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import JSONBody, PathParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from consent.catalogue import shipped_catalogues
from dossier.cases.accepting import AcceptCase
from dossier.cases.acts import CaseDone
from dossier.cases.closing import CloseCase
from dossier.cases.coordinating import TransferCoordinator
from dossier.cases.opening import OpenCase
from dossier.cases.people import AddParticipant, EndParticipation
from dossier.cases.showing import CaseList, ShownCase
from dossier.dossiers.statements import read_statement
from dossier.parties.actor import require_step_up
from dossier.parties.identifiers import identifier_hmac, parse_identifier
from web.api.act import Body, Http, actor_of, claim_of, looker_of, path_id, problems, service
from web.api.organisations import PersonPath
from web.signin.limits import Limit

CasePath = Annotated[str, PathParameter(description="The id of the case", pattern="^[0-9a-f]{32}$")]
OPENINGS = Limit("case-opening", 60, 3600)
"""Cases opened by one actor: each may name owners, so this bounds what can be sent to strangers."""

CHANGES = Limit("case-change", 300, 3600)


class OwnerBody(Body, frozen=True):
    """An owner whom the case is about: identifier type (bsn, rsin or kvk) and number."""

    identifier_type: str
    identifier: str


class CaseBody(Body, frozen=True):
    """A signed opening, and the owners to be invited."""

    statement: str
    owners: list[OwnerBody] = msgspec.field(default_factory=list)


class CaseStatementBody(Body, frozen=True):
    """One signed statement about a case."""

    statement: str


class EndBody(Body, frozen=True):
    """The signed end of a part; without it, one's own part ends by a recent sign-in alone."""

    statement: str = ""


@post(
    "/v1/cases",
    operation_id="openCase",
    tags=["cases"],
    summary="Open a case",
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 409, 413, 429, 503),
)
async def open_case(request: Http, data: JSONBody[CaseBody]) -> CaseDone:
    """Open a case from any side; the answer is always "invited", whoever the owners are."""
    actor = await actor_of(request)
    running = service(request)
    running.sign_in.limiter.count(OPENINGS, actor.id)
    identifiers = [parse_identifier(f"{each.identifier_type}:{each.identifier}") for each in data.owners]
    owners = [identifier_hmac(running.identifier_key, each) for each in identifiers]
    statement = read_statement(data.statement, "case-opening")
    catalogue = shipped_catalogues().current
    return await running.writer.submit(OpenCase(actor, statement, owners, catalogue, await claim_of(request, actor)))


@get("/v1/cases", operation_id="listCases", tags=["cases"], responses=problems(401, 503))
async def list_cases(request: Http) -> CaseList:
    """List the cases that one takes part in, accepted for a dossier, or is invited to."""
    actor = await actor_of(request)
    return await service(request).casework.cases.mine(actor)


@get("/v1/cases/{case:str}", operation_id="showCase", tags=["cases"], responses=problems(401, 404, 429, 503))
async def show_case(request: Http, case: CasePath) -> ShownCase:
    """Show a case with everybody who takes part; for anybody else there is nothing here."""
    actor = await looker_of(request)
    return await service(request).casework.cases.show(actor, path_id(case))


@post(
    "/v1/cases/{case:str}/acceptances",
    operation_id="acceptCase",
    tags=["cases"],
    summary="Let a dossier take part in a case",
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def accept_case(request: Http, case: CasePath, data: JSONBody[CaseStatementBody]) -> CaseDone:
    """Accept an invitation for a dossier that one holds; it opens nothing by itself."""
    actor = await actor_of(request)
    running = service(request)
    require_step_up(actor, running.sign_in.clock())
    statement = read_statement(data.statement, "case-acceptance")
    return await running.writer.submit(AcceptCase(actor, path_id(case), statement, await claim_of(request, actor)))


@post(
    "/v1/cases/{case:str}/participants",
    operation_id="addParticipant",
    tags=["cases"],
    summary="Let somebody take part in a case",
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def add_participant(request: Http, case: CasePath, data: JSONBody[CaseStatementBody]) -> CaseDone:
    """Bring somebody in: the coordinator anybody, an owner people of their own network."""
    actor = await actor_of(request)
    running = service(request)
    running.sign_in.limiter.count(CHANGES, actor.id)
    statement = read_statement(data.statement, "case-participation")
    catalogue, claim = shipped_catalogues().current, await claim_of(request, actor)
    return await running.writer.submit(AddParticipant(actor, path_id(case), statement, catalogue, claim))


@post(
    "/v1/cases/{case:str}/participants/{person:str}/end",
    operation_id="endParticipation",
    tags=["cases"],
    summary="End somebody's part in a case",
    status_code=HTTP_200_OK,
    responses=problems(400, 401, 403, 404, 409, 413, 503),
)
async def end_participation(request: Http, case: CasePath, person: PersonPath, data: JSONBody[EndBody]) -> CaseDone:
    """End a part with a signed statement; one's own part also by a recent sign-in alone."""
    actor = await actor_of(request)
    running = service(request)
    statement = read_statement(data.statement, "participation-end") if data.statement else None
    if statement is None:
        require_step_up(actor, running.sign_in.clock())
    claim = await claim_of(request, actor)
    return await running.writer.submit(EndParticipation(actor, path_id(case), path_id(person), statement, claim))


@post(
    "/v1/cases/{case:str}/coordinator-transfers",
    operation_id="transferCoordinator",
    tags=["cases"],
    summary="Hand over the reins of a case",
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def transfer(request: Http, case: CasePath, data: JSONBody[CaseStatementBody]) -> CaseDone:
    """Make another participant the coordinator, by a statement that both have signed."""
    actor = await actor_of(request)
    running = service(request)
    running.sign_in.limiter.count(CHANGES, actor.id)
    statement = read_statement(data.statement, "coordinator-transfer")
    claim = await claim_of(request, actor)
    return await running.writer.submit(TransferCoordinator(actor, path_id(case), statement, claim))


@post(
    "/v1/cases/{case:str}/closure",
    operation_id="closeCase",
    tags=["cases"],
    summary="Close a case",
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 404, 409, 413, 503),
)
async def close(request: Http, case: CasePath, data: JSONBody[CaseStatementBody]) -> CaseDone:
    """Close a case; every consent that ends with it ends."""
    actor = await actor_of(request)
    statement = read_statement(data.statement, "case-closure")
    claim = await claim_of(request, actor)
    return await service(request).writer.submit(CloseCase(actor, path_id(case), statement, claim))


ROUTES = (
    open_case,
    list_cases,
    show_case,
    accept_case,
    add_participant,
    end_participation,
    transfer,
    close,
)
