"""What an organisation manages over HTTP: its members, systems and attestations."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import delete, get, post
from litestar.params import JSONBody, PathParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from dossier.answers import Answer
from dossier.dossiers.statements import read_statement
from dossier.errors import InvalidRequestError
from dossier.parties import showing
from dossier.parties.acts import Done
from dossier.parties.attestations import PERSON, SYSTEM, NewSystem
from dossier.parties.members import NewMember
from dossier.parties.service import check_name
from web.api.act import Body, Http, actor_of, claim_of, path_id, problems, service
from web.signin.assertions import check_key_set
from web.signin.keysets import check_url

OrganisationPath = Annotated[str, PathParameter(description="The id of the organisation", pattern="^[0-9a-f]{32}$")]
PersonPath = Annotated[str, PathParameter(description="The id of the person", pattern="^[0-9a-f]{32}$")]
SystemPath = Annotated[str, PathParameter(description="The id of the system", pattern="^[0-9a-f]{32}$")]


class MemberBody(Body, frozen=True):
    """A member: subject at the organisation's provider, name, roles (codes), end in UTC seconds (0: none)."""

    subject: str
    name: str
    roles: list[str]
    until: int = 0


class SystemBody(Body, frozen=True):
    """A system: its attestation, a name, and a JWKS or the https address of one for `private_key_jwt`."""

    statement: str
    name: str
    key_set: dict[str, Any] | None = None
    key_set_url: str = ""


class AttestationBody(Body, frozen=True):
    """An attestation of a member, signed by the organisation's key."""

    statement: str


class Members(Answer, frozen=True):
    """The present members of one's own organisation."""

    members: list[showing.ShownMember]


class Systems(Answer, frozen=True):
    """The systems of an organisation."""

    systems: list[showing.ShownSystem]


class Attestations(Answer, frozen=True):
    """The attestations of an organisation's present members, newest of each."""

    attestations: list[str]


@get(
    "/v1/organisations/{organisation:str}/members",
    operation_id="listMembers",
    tags=["parties"],
    responses=problems(401, 403, 404, 503),
)
async def list_members(request: Http, organisation: OrganisationPath) -> Members:
    """List the members of one's own organisation, for its administrators."""
    actor, running = await actor_of(request), service(request)
    return Members(await running.parties.members(actor, path_id(organisation), running.sign_in.clock()))


@post(
    "/v1/organisations/{organisation:str}/members",
    operation_id="addMember",
    tags=["parties"],
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def add_member(request: Http, organisation: OrganisationPath, data: JSONBody[MemberBody]) -> Done:
    """Enter a member, or change the roles or end of one."""
    actor = await actor_of(request)
    new = NewMember(data.subject, check_name(data.name), tuple(data.roles), data.until)
    claim = await claim_of(request, actor, required=False)
    return await service(request).parties.add_member(actor, path_id(organisation), new, claim)


@delete(
    "/v1/organisations/{organisation:str}/members/{person:str}",
    operation_id="endMember",
    tags=["parties"],
    status_code=HTTP_200_OK,
    responses=problems(400, 401, 403, 404, 429, 503),
)
async def end_member(request: Http, organisation: OrganisationPath, person: PersonPath) -> Done:
    """End a membership: attestation and sessions end with it."""
    actor = await actor_of(request)
    claim = await claim_of(request, actor, required=False)
    return await service(request).parties.end_member(actor, path_id(organisation), path_id(person), claim)


@get(
    "/v1/organisations/{organisation:str}/systems",
    operation_id="listSystems",
    tags=["parties"],
    responses=problems(401, 404, 503),
)
async def list_systems(request: Http, organisation: OrganisationPath) -> Systems:
    """List the systems of an organisation."""
    await actor_of(request)
    return Systems(await service(request).parties.systems(path_id(organisation)))


@post(
    "/v1/organisations/{organisation:str}/systems",
    operation_id="addSystem",
    tags=["parties"],
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def add_system(request: Http, organisation: OrganisationPath, data: JSONBody[SystemBody]) -> Done:
    """Enter a system, or its next keys; its id is its client id at the token endpoint."""
    actor = await actor_of(request)
    if (data.key_set is None) == (not data.key_set_url):
        raise InvalidRequestError("a key set or the address of one, not both")
    if data.key_set_url:
        check_url(data.key_set_url)
    else:
        check_key_set(data.key_set)
    key_set = msgspec.json.encode(data.key_set).decode() if data.key_set is not None else ""
    new = NewSystem(read_statement(data.statement, SYSTEM), check_name(data.name), key_set, data.key_set_url)
    claim = await claim_of(request, actor, required=False)
    return await service(request).parties.add_system(actor, path_id(organisation), new, claim)


@delete(
    "/v1/organisations/{organisation:str}/systems/{system:str}",
    operation_id="endSystem",
    tags=["parties"],
    status_code=HTTP_200_OK,
    responses=problems(400, 401, 403, 404, 429, 503),
)
async def end_system(request: Http, organisation: OrganisationPath, system: SystemPath) -> Done:
    """Take a system away: its keys and its tokens count no more."""
    actor = await actor_of(request)
    claim = await claim_of(request, actor, required=False)
    return await service(request).parties.end_system(actor, path_id(organisation), path_id(system), claim)


@get(
    "/v1/organisations/{organisation:str}/attestations",
    operation_id="listAttestations",
    tags=["parties"],
    responses=problems(401, 404, 503),
)
async def list_attestations(request: Http, organisation: OrganisationPath) -> Attestations:
    """List the attestations of an organisation's present members."""
    await actor_of(request)
    running = service(request)
    return Attestations(await running.parties.attestations(path_id(organisation), running.sign_in.clock()))


@post(
    "/v1/organisations/{organisation:str}/attestations",
    operation_id="attest",
    tags=["parties"],
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def attest(request: Http, organisation: OrganisationPath, data: JSONBody[AttestationBody]) -> Done:
    """Attest a member's keys and roles by the organisation's key, for 31 days at most."""
    actor = await actor_of(request)
    statement = read_statement(data.statement, PERSON)
    claim = await claim_of(request, actor, required=False)
    return await service(request).parties.attest(actor, path_id(organisation), statement, claim)


@delete(
    "/v1/organisations/{organisation:str}/attestations/{person:str}",
    operation_id="endAttestation",
    tags=["parties"],
    status_code=HTTP_200_OK,
    responses=problems(400, 401, 403, 404, 429, 503),
)
async def end_attestation(request: Http, organisation: OrganisationPath, person: PersonPath) -> Done:
    """End an attestation without a key."""
    actor = await actor_of(request)
    claim = await claim_of(request, actor, required=False)
    return await service(request).parties.end_attestation(actor, path_id(organisation), path_id(person), claim)


ROUTES = (
    list_members,
    add_member,
    end_member,
    list_systems,
    add_system,
    end_system,
    list_attestations,
    attest,
    end_attestation,
)
