"""Dossiers over HTTP: making one, looking at one's own, and the statements that govern it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import JSONBody, PathParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from crypto.capsules import Capsule
from crypto.encoding import encode_base64
from crypto.statements import Statement
from dossier.answers import Answer
from dossier.countersigning import countersign
from dossier.dossiers.creation import Created, CreateDossier, NewDossier
from dossier.dossiers.govern import Accepted, Govern, Submission
from dossier.dossiers.rotation import NewEpoch, Rotate, Rotated
from dossier.dossiers.showing import ShownDossier
from dossier.dossiers.statements import read_bytes, read_capsules, read_id, read_statement
from dossier.dossiers.stopping import StopAdmission, StopAuthority, Stopped
from dossier.dossiers.succession import ChangeAuthority, NewList
from dossier.epochs.service import PendingRotations
from dossier.epochs.successor import NewKey, Succeed
from dossier.parties.actor import Assurance, require_assurance, require_step_up
from web.api.act import Body, Http, actor_of, claim_of, looker_of, path_id, problems, service

HolderPath = Annotated[str, PathParameter(description="The id of the holder", pattern="^[0-9a-f]{32}$")]
AdmissionPath = Annotated[str, PathParameter(description="The id of the admission", pattern="^[0-9a-f]{32}$")]
DossierPath = Annotated[str, PathParameter(description="The id of the dossier", pattern="^[0-9a-f]{32}$")]


class WrappedSection(Body, frozen=True):
    """A section secret under the dossier root."""

    section: str
    lane: str
    wrapped: str


class NewDossierBody(Body, frozen=True):
    """A new dossier: its statements in order, the owner's capsules, wrapped section secrets, and the stream key once."""

    statements: list[str]
    capsules: list[str]
    sections: list[WrappedSection]
    stream_key: str


class RotationBody(Body, frozen=True):
    """A new section key, the rotation that names its capsules, and its secret under the dossier root."""

    section_key: str
    rotation: str
    capsules: list[str]
    wrapped: str


class WrappedEpoch(Body, frozen=True):
    """The secret of one section, lane and epoch under the new dossier root."""

    section: str
    lane: str
    epoch: int
    wrapped: str


class SuccessionBody(Body, frozen=True):
    """What comes with a new dossier key: the list signed by it, older section secrets under the new root, new epochs."""

    authority: str
    wraps: list[WrappedEpoch]
    rotations: list[RotationBody]


class StatementBody(Body, frozen=True):
    """One signed statement with its capsules; a placement brings the item key sealed for the new place.

    A dossier key brings its succession; the capsules are then for the authority list in it.
    """

    statement: str
    capsules: list[str] = msgspec.field(default_factory=list)
    sealed_key: str = ""
    succession: SuccessionBody | None = None


class DossierBody(Body, frozen=True):
    """Which dossier."""

    dossier: str


class StatementList(Answer, frozen=True):
    """Statements of a dossier, as signed, in the order of their events."""

    statements: list[str]


class HolderCapsules(Answer, frozen=True):
    """The capsules of a holder: dossier key and root, or the section keys of their scope, sealed to them."""

    capsules: list[str]


@post(
    "/v1/dossiers",
    operation_id="createDossier",
    tags=["dossiers"],
    summary="Make a dossier",
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 409, 413, 429, 503),
)
async def create(request: Http, data: JSONBody[NewDossierBody]) -> Created:
    """Make a dossier for the person who is signed in, found by the identifier that the sign-in provider gave."""
    actor = await actor_of(request)
    running = service(request)
    require_step_up(actor, running.sign_in.clock())
    require_assurance(actor, Assurance.SUBSTANTIAL)
    statements = tuple(read_statement(text) for text in data.statements)
    nature = str(statements[0].payload.get("nature", "")) if statements else ""
    new = NewDossier(
        statements=statements,
        capsules=read_capsules(data.capsules),
        wrapped={(each.section, each.lane): read_bytes(each.wrapped) for each in data.sections},
        stream_key=read_bytes(data.stream_key),
        identifier=await running.dossiers.identifier_of(actor, nature),
    )
    return await running.writer.submit(CreateDossier(actor, new, await claim_of(request, actor)))


@get(
    "/v1/dossiers/{dossier:str}",
    operation_id="showDossier",
    tags=["dossiers"],
    summary="A dossier, for those who hold it",
    responses=problems(401, 404, 429, 503),
)
async def show(request: Http, dossier: DossierPath) -> ShownDossier:
    """Show statements, positions, wrapped secrets and one's own capsules; for anybody else there is nothing here."""
    actor = await looker_of(request)
    return await service(request).dossiers.show(actor, path_id(dossier))


@get(
    "/v1/dossiers/{dossier:str}/statements",
    operation_id="listStatements",
    tags=["dossiers"],
    summary="The statements that govern a dossier",
    responses=problems(401, 404, 429, 503),
)
async def list_statements(request: Http, dossier: DossierPath) -> StatementList:
    """Give every statement as it was signed, for those who hold the dossier."""
    actor = await looker_of(request)
    found = await service(request).dossiers.statements(actor, path_id(dossier))
    return StatementList([encode_base64(each) for each in found])


@post(
    "/v1/dossiers/{dossier:str}/statements",
    operation_id="addStatement",
    tags=["dossiers"],
    summary="Govern a dossier by a signed statement",
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def add_statement(request: Http, dossier: DossierPath, data: JSONBody[StatementBody]) -> Accepted:
    """Take one statement of a holder with what belongs to it, in one transaction."""
    actor = await actor_of(request)
    running = service(request)
    require_step_up(actor, running.sign_in.clock())
    statement, claim = read_statement(data.statement), await claim_of(request, actor)
    where, capsules = path_id(dossier), read_capsules(data.capsules)
    if data.succession is not None:
        new = _new_key(statement, capsules, data.succession)
        return await running.writer.submit(Succeed(actor, where, new, claim))
    if statement.kind == "authority-list":
        return await running.writer.submit(ChangeAuthority(actor, where, NewList(statement, capsules), claim))
    if statement.kind == "countersignature":
        return await countersign(running.writer, actor, where, statement, claim)
    sealed = read_bytes(data.sealed_key) if data.sealed_key else b""
    return await running.writer.submit(Govern(actor, where, Submission(statement, capsules, sealed), claim))


@get(
    "/v1/dossiers/{dossier:str}/capsules",
    operation_id="listHolderCapsules",
    tags=["dossiers"],
    summary="One's own capsules as a holder of a dossier",
    responses=problems(401, 404, 429, 503),
)
async def list_capsules(request: Http, dossier: DossierPath) -> HolderCapsules:
    """Give a holder their own capsules; whoever reads by a consent gets theirs with the list or the reading."""
    actor = await looker_of(request)
    found = await service(request).dossiers.capsules(actor, path_id(dossier))
    return HolderCapsules([encode_base64(each) for each in found])


@get(
    "/v1/dossiers/{dossier:str}/rotations",
    operation_id="listRotations",
    tags=["dossiers"],
    summary="Keys that wait for a new epoch",
    responses=problems(400, 401, 404, 429, 503),
)
async def list_rotations(request: Http, dossier: DossierPath) -> PendingRotations:
    """Name the keys that somebody has who no longer may read with them."""
    actor = await looker_of(request)
    return await service(request).dossiers.rotations(actor, path_id(dossier))


@post(
    "/v1/dossiers/{dossier:str}/rotations",
    operation_id="rotateSection",
    tags=["dossiers"],
    summary="Begin a new epoch of a section key",
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def rotate(request: Http, dossier: DossierPath, data: JSONBody[RotationBody]) -> Rotated:
    """Take a new section key with the capsules of everybody who still may read."""
    actor = await actor_of(request)
    running = service(request)
    require_step_up(actor, running.sign_in.clock())
    new = _new_epoch(data)
    return await running.writer.submit(Rotate(actor, path_id(dossier), new, await claim_of(request, actor)))


def _new_epoch(data: RotationBody) -> NewEpoch:
    return NewEpoch(
        section_key=read_statement(data.section_key, "section-key"),
        rotation=read_statement(data.rotation, "rotation"),
        capsules=read_capsules(data.capsules),
        wrapped=read_bytes(data.wrapped),
    )


def _new_key(statement: Statement, capsules: Sequence[Capsule], data: SuccessionBody) -> NewKey:
    wraps = {(each.section, each.lane, each.epoch): read_bytes(each.wrapped) for each in data.wraps}
    authority = read_statement(data.authority, "authority-list")
    return NewKey(statement, authority, capsules, wraps, [_new_epoch(each) for each in data.rotations])


@post(
    "/v1/authorities/{person:str}/end",
    operation_id="endAuthority",
    tags=["dossiers"],
    summary="End somebody's authority over a dossier, without a key",
    status_code=HTTP_200_OK,
    responses=problems(400, 401, 403, 404, 409, 503),
)
async def end_authority(request: Http, person: HolderPath, data: JSONBody[DossierBody]) -> Stopped:
    """Step down, or end another holder's authority as a full holder; it works at once."""
    actor = await actor_of(request)
    running = service(request)
    require_step_up(actor, running.sign_in.clock())
    claim = await claim_of(request, actor)
    return await running.writer.submit(StopAuthority(actor, read_id(data.dossier), path_id(person), claim))


@post(
    "/v1/admissions/{admission:str}/end",
    operation_id="endAdmission",
    tags=["dossiers"],
    summary="End an agency's admission, without a key",
    status_code=HTTP_200_OK,
    responses=problems(400, 401, 403, 404, 409, 503),
)
async def end_admission(request: Http, admission: AdmissionPath, data: JSONBody[DossierBody]) -> Stopped:
    """Let an agency deliver no more; it works at once."""
    actor = await actor_of(request)
    running = service(request)
    require_step_up(actor, running.sign_in.clock())
    claim = await claim_of(request, actor)
    return await running.writer.submit(StopAdmission(actor, read_id(data.dossier), path_id(admission), claim))


ROUTES = (
    create,
    show,
    list_statements,
    add_statement,
    list_capsules,
    list_rotations,
    rotate,
    end_authority,
    end_admission,
)
