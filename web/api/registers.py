"""Registers of representation over HTTP: what they report ends authority, and is answered the same whatever it ended."""

from __future__ import annotations

import asyncio

from litestar import post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from dossier.dossiers.registering import EndByRegister, Noted
from dossier.errors import ForbiddenError, InvalidRequestError
from dossier.hiding.ticks import hold
from dossier.parties.identifiers import identifier_hmac, parse_identifier
from web.api.act import Body, Http, actor_of, claim_of, problems, service
from web.signin.limits import Limit

REPORTS = Limit("register-event", 600, 60)


class RegisterEventBody(Body, frozen=True):
    """Whose authority ends over whose dossier, as `bsn:…`, `rsin:…` or `kvk:…`, and when (UTC seconds, past: at once)."""

    owner: str
    holder: str
    until: int


@post(
    "/v1/register-events",
    operation_id="reportRegisterEvent",
    tags=["dossiers"],
    summary="Report that somebody no longer represents an owner",
    status_code=HTTP_200_OK,
    responses=problems(400, 401, 403, 409, 413, 429, 503),
)
async def report(request: Http, data: JSONBody[RegisterEventBody]) -> Noted:
    """Let a register of representation end authority; it can widen nothing and learns nothing of dossiers."""
    clock = asyncio.get_running_loop().time
    arrival, actor, running = clock(), await actor_of(request), service(request)
    if actor.kind != "system" or (actor.organisation or b"").hex() not in running.settings.authority_registers:
        raise ForbiddenError("only a register of representation reports this", code="not-a-register")
    running.sign_in.limiter.count(REPORTS, actor.id)
    if not 0 <= data.until < 2**53:
        raise InvalidRequestError("a time is in whole seconds since 1970", code="invalid-time")
    names = [parse_identifier(each) for each in (data.owner, data.holder)]
    owner, holder = (identifier_hmac(running.identifier_key, each) for each in names)
    dossier, persons = await running.dossiers.store.find(owner), await running.dossiers.parties.persons_of(holder)
    claim = await claim_of(request, actor)
    noted = await running.writer.submit(EndByRegister(actor, dossier, persons, data.until, claim))
    await hold(arrival, clock)
    return noted


ROUTES = (report,)
