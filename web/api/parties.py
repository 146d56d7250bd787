"""The register, organisations and professionals over HTTP, and who is signed in."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import get, post
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.status_codes import HTTP_201_CREATED

from dossier.answers import Answer
from dossier.dossiers.statements import read_statement
from dossier.parties import showing
from dossier.parties.register import KIND as REGISTER
from dossier.parties.register import Administrator, Entered, NewEntry
from dossier.parties.service import check_name
from web.api.act import Body, Http, actor_of, claim_of, path_id, problems, service

OrganisationPath = Annotated[str, PathParameter(description="The id of the organisation", pattern="^[0-9a-f]{32}$")]


class AdministratorBody(Body, frozen=True):
    """The first administrator's account at the sign-in provider; `issuer` may be left out: the service's own."""

    subject: str
    name: str
    issuer: str = ""


class OrganisationBody(Body, frozen=True):
    """A register entry signed k of n; a new organisation brings its kind and administrator."""

    statement: str
    kind: Literal["agency", "supervisor"] = "agency"
    administrator: AdministratorBody | None = None


class Organisations(Answer, frozen=True):
    """All organisations, by name."""

    organisations: list[showing.ShownOrganisation]


class Professionals(Answer, frozen=True, omit_defaults=True):
    """Attested professionals; `next` is the `after` of the next page."""

    professionals: list[showing.ShownProfessional]
    next: str = ""


@get("/v1/register", operation_id="showRegister", tags=["parties"], responses=problems(503))
async def show_register(request: Http) -> showing.ShownRegister:
    """Show the register of organisations and their systems, without sign-in: clients pin its keys."""
    return await service(request).parties.register()


@get("/v1/me", operation_id="showMe", tags=["parties"], responses=problems(401, 503))
async def show_me(request: Http) -> showing.Me:
    """Show who is signed in, in which capacity, and the dossiers that they own."""
    return await service(request).parties.me(await actor_of(request))


@get("/v1/organisations", operation_id="listOrganisations", tags=["parties"], responses=problems(401, 503))
async def list_organisations(request: Http) -> Organisations:
    """List all organisations."""
    await actor_of(request)
    return Organisations(await service(request).parties.organisations())


@post(
    "/v1/organisations",
    operation_id="enterOrganisation",
    tags=["parties"],
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 409, 413, 429, 503),
)
async def enter_organisation(request: Http, data: JSONBody[OrganisationBody]) -> Entered:
    """Enter an organisation in the register, or its next key: a registrar's act, signed by the register keys."""
    actor = await actor_of(request)
    running = service(request)
    first = data.administrator
    issuer = (first.issuer if first else "") or running.sign_in.sign_in.provider.options.known_as
    administrator = Administrator(issuer, first.subject, check_name(first.name)) if first else None
    new = NewEntry(read_statement(data.statement, REGISTER), data.kind, administrator)
    return await running.parties.enter(actor, new, await claim_of(request, actor, required=False))


@get(
    "/v1/organisations/{organisation:str}",
    operation_id="showOrganisation",
    tags=["parties"],
    responses=problems(401, 404, 503),
)
async def show_organisation(request: Http, organisation: OrganisationPath) -> showing.ShownOrganisation:
    """Show one organisation."""
    await actor_of(request)
    return showing.organisation(await service(request).parties.organisation(path_id(organisation)))


@get("/v1/professionals", operation_id="listProfessionals", tags=["parties"], responses=problems(400, 401, 503))
async def list_professionals(
    request: Http,
    name: Annotated[str, QueryParameter(description="Part of the name", max_length=100)] = "",
    after: Annotated[str, QueryParameter(description="Where the page begins", pattern="^([0-9a-f]{32})?$")] = "",
) -> Professionals:
    """List attested professionals with the statements that vouch for them, 50 to a page."""
    await actor_of(request)
    running = service(request)
    found, following = await running.parties.professionals(name, bytes.fromhex(after), running.sign_in.clock())
    return Professionals(found, following)


ROUTES = (
    show_register,
    show_me,
    list_organisations,
    enter_organisation,
    show_organisation,
    list_professionals,
)
