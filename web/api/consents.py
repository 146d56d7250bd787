"""Consents over HTTP: giving, listing, ending them, the keys that come with them, and previews."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import JSONBody, PathParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from crypto.encoding import decode_hex
from crypto.errors import CryptoError
from dossier.dossiers.statements import read_capsules, read_statement
from dossier.errors import InvalidRequestError
from dossier.hiding.absent import Absent
from dossier.parties.actor import require_step_up
from dossier.sharing.adding import AddCapsules, Added
from dossier.sharing.consents import GiveConsent, Given, NewConsent
from dossier.sharing.previews import Preview, PreviewConsent
from dossier.sharing.service import CapsuleList
from dossier.sharing.shown import ConsentList
from dossier.sharing.withdrawal import Ended, Withdraw
from web.api.act import Body, Http, actor_of, claim_of, looker_of, path_id, problems, service
from web.api.dossiers import DossierPath

ConsentPath = Annotated[str, PathParameter(description="The id of the consent", pattern="^[0-9a-f]{32}$")]
MOST_PEOPLE = 200
"""People whose view a preview compares."""


class ConsentBody(Body, frozen=True):
    """A signed consent or denial, with one capsule for each verified key of its grantee."""

    statement: str
    capsules: list[str] = msgspec.field(default_factory=list)


class WithdrawalBody(Body, frozen=True):
    """The signed withdrawal; without it, ending takes a recent sign-in and the statement may follow."""

    statement: str = ""


class CapsulesBody(Body, frozen=True):
    """More capsules of a consent that stands."""

    capsules: list[str]


class PreviewBody(Body, frozen=True):
    """A consent that is not signed yet (its payload without signer), or the id of one whose end is previewed.

    `people` are ids of persons and organisations whose view is compared beside those that the consent names.
    """

    consent: dict[str, Any] | None = None
    ending: str = ""
    people: list[str] = msgspec.field(default_factory=list)


@post(
    "/v1/dossiers/{dossier:str}/consents",
    operation_id="giveConsent",
    tags=["consents"],
    summary="Give a consent or a denial",
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def give(request: Http, dossier: DossierPath, data: JSONBody[ConsentBody]) -> Given:
    """Take in one signed consent with its capsules; with too few signatures it stands as a proposal."""
    actor = await actor_of(request)
    running = service(request)
    require_step_up(actor, running.sign_in.clock())
    new = NewConsent(path_id(dossier), read_statement(data.statement, "consent"), read_capsules(data.capsules))
    return await running.writer.submit(GiveConsent(actor, new, await claim_of(request, actor)))


@get(
    "/v1/dossiers/{dossier:str}/consents",
    operation_id="listConsents",
    tags=["consents"],
    summary="The consents of a dossier",
    responses=problems(401, 404, 429, 503),
)
async def list_consents(request: Http, dossier: DossierPath) -> ConsentList:
    """List all consents for those who hold the dossier, for a grantee those that name them."""
    actor = await looker_of(request)
    return await service(request).released.sharing.consents(actor, path_id(dossier))


@post(
    "/v1/consents/{consent:str}/withdrawal",
    operation_id="withdrawConsent",
    tags=["consents"],
    summary="End a consent",
    status_code=HTTP_200_OK,
    responses=problems(400, 401, 403, 404, 409, 413, 503),
)
async def withdraw(request: Http, consent: ConsentPath, data: JSONBody[WithdrawalBody]) -> Ended:
    """End a consent: with a signed statement, or by a recent sign-in alone; no limit or position refuses it."""
    actor = await actor_of(request)
    running = service(request)
    statement = read_statement(data.statement, "withdrawal") if data.statement else None
    if statement is None:
        require_step_up(actor, running.sign_in.clock())
    claim = await claim_of(request, actor)
    wanted = path_id(consent)
    absent = Absent(actor, claim, Withdraw.kinds(wanted), narrowing=True)
    return await running.released.sharing.act(wanted, lambda shared: Withdraw(actor, shared, statement, claim), absent)


@get(
    "/v1/consents/{consent:str}/capsules",
    operation_id="listCapsules",
    tags=["consents"],
    summary="The keys that came with a consent",
    responses=problems(401, 404, 429, 503),
)
async def list_capsules(request: Http, consent: ConsentPath) -> CapsuleList:
    """List capsules: all for those who hold the dossier, their own for a grantee while the consent stands."""
    actor = await looker_of(request)
    return await service(request).released.sharing.capsules(actor, path_id(consent))


@post(
    "/v1/consents/{consent:str}/capsules",
    operation_id="addCapsules",
    tags=["consents"],
    summary="Add keys to a consent that stands",
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def add_capsules(request: Http, consent: ConsentPath, data: JSONBody[CapsulesBody]) -> Added:
    """Take in capsules for items that came later, later members, or persons attested anew."""
    actor = await actor_of(request)
    running = service(request)
    # The body is read first: that a malformed one is refused must not tell whether the consent is there.
    capsules, claim = read_capsules(data.capsules), await claim_of(request, actor)
    wanted = path_id(consent)
    absent = Absent(actor, claim, AddCapsules.kinds(wanted), alone=AddCapsules.alone)
    return await running.released.sharing.act(
        wanted, lambda shared: AddCapsules(actor, shared, capsules, claim), absent
    )


@post(
    "/v1/dossiers/{dossier:str}/consent-previews",
    operation_id="previewConsent",
    tags=["consents"],
    summary="What would change if a consent were given or ended",
    status_code=HTTP_200_OK,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def preview(request: Http, dossier: DossierPath, data: JSONBody[PreviewBody]) -> Preview:
    """Say who would see what, for those who hold the dossier; nothing is stored but that somebody looked."""
    actor = await looker_of(request)
    if (data.consent is None) == (data.ending == "") or len(data.people) > MOST_PEOPLE:
        raise InvalidRequestError("a preview is of one consent or of one ending", code="invalid-preview")
    people = [_id(each) for each in data.people]
    claim = await claim_of(request, actor, required=False)
    entry = PreviewConsent(actor, path_id(dossier), data.consent, data.ending, people, claim)
    return await service(request).writer.submit(entry)


def _id(text: str) -> bytes:
    try:
        return decode_hex(text, 16)
    except CryptoError as error:
        raise InvalidRequestError("not an id", code="invalid-id") from error


ROUTES = (give, list_consents, withdraw, list_capsules, add_capsules, preview)
