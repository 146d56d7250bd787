"""Delivery over HTTP: addresses, uploads, and item versions."""

from __future__ import annotations

import logging
import re
import secrets
from typing import Annotated

from litestar import Response, head, patch, post
from litestar.params import JSONBody, PathParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_204_NO_CONTENT

from crypto.encoding import decode_hex
from crypto.errors import CryptoError
from crypto.headers import parse_header
from dossier.answers import Answer
from dossier.dossiers.addresses import Address, Ask, make_address
from dossier.dossiers.statements import read_bytes, read_statement
from dossier.errors import ForbiddenError, InvalidRequestError, NotFoundError, TooLargeError
from dossier.items.delivery import Delivery, SealedPart
from dossier.items.intake import WRONG_AUTHOR, Delivered
from dossier.items.segments import SEGMENT_SIZE
from dossier.items.store import UploadRow
from dossier.items.unadmitted import take_in
from dossier.parties.identifiers import identifier_hmac, parse_identifier
from web.api.act import Body, Http, actor_of, claim_of, claim_under, key_of, path_id, problems, service
from web.api.dossiers import DossierPath
from web.logging import log
from web.signin.limits import Limit

UploadPath = Annotated[str, PathParameter(description="The id of the upload", pattern="^[0-9a-f]{32}$")]
_OFFSET = re.compile(r"0|[1-9][0-9]{0,15}")
OFFSET = "upload-offset"

ADDRESSES = Limit("address", 600, 60)
UPLOADS = Limit("upload", 10_000, 3_600)
DELIVERIES = Limit("delivery", 50_000, 3_600)
"""Of one sender: an agency that starts may load its records in days, one that runs wild is stopped within the hour."""


class AddressBody(Body, frozen=True):
    """The identifier of the person or firm a record is about, as `bsn:…`, `rsin:…` or `kvk:…`; never part of a URI."""

    identifier: str


class UploadBody(Body, frozen=True):
    """What will be uploaded: length of the ciphertext in bytes and its SHA-256 as hex."""

    length: int
    hash: str


class Upload(Answer, frozen=True):
    """An upload: its id, how much of it is here, and until when (UTC seconds) it waits."""

    upload: str
    offset: int
    length: int
    complete: bool
    expires: int


class PartBody(Body, frozen=True):
    """The ciphertext of one part: in base64, or the id of a complete upload."""

    content: str | None = None
    upload: str = ""


class ItemBody(Body, frozen=True):
    """One sealed item version: the signed header, the sealed item key and metadata, and a part for each in it."""

    header: str
    sealed_key: str
    sealed_metadata: str
    parts: list[PartBody]


@post(
    "/v1/dossier-addresses",
    operation_id="findDossier",
    tags=["delivery"],
    summary="Where records about an identifier go",
    status_code=HTTP_200_OK,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def find_dossier(request: Http, data: JSONBody[AddressBody]) -> Address:
    """Give an admitted agency's system the address of a dossier; no dossier and not admitted look alike."""
    actor = await actor_of(request)
    key = key_of(request)
    running = service(request)
    if actor.kind != "system":
        raise ForbiddenError("only the system of an agency asks for addresses", code="not-a-system")
    running.sign_in.limiter.count(ADDRESSES, actor.id)
    identifier = identifier_hmac(running.identifier_key, parse_identifier(data.identifier))
    dossier = await running.dossiers.store.find(identifier)
    # What is kept of the body must not tell whom it names: numbers of people are soon tried.
    claim = claim_under(request, actor, key, identifier) if key else None
    known = await running.writer.submit(Ask(actor, dossier, secrets.token_bytes(16), claim))
    if known is None:
        raise NotFoundError
    return await make_address(known, actor, running.dossiers.store, running.keys.directory)


@post(
    "/v1/dossiers/{dossier:str}/uploads",
    operation_id="beginUpload",
    tags=["delivery"],
    summary="Begin the upload of a large part",
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def begin_upload(request: Http, dossier: DossierPath, data: JSONBody[UploadBody]) -> Response[Upload]:
    """Begin an upload: segments of 4 MiB follow by PATCH, the last one shorter."""
    actor = await actor_of(request)
    key = key_of(request)
    running = service(request)
    where = path_id(dossier)
    try:
        digest = decode_hex(data.hash, 32)
    except CryptoError as error:
        raise InvalidRequestError("a hash is 64 lower-case hexadecimal digits", code="invalid-hash") from error
    if data.length <= 0:
        raise InvalidRequestError("an upload has at least one byte", code="invalid-length")
    running.sign_in.limiter.count(UPLOADS, actor.id)
    await running.dossiers.may_add(actor, where)
    row = await running.uploads.begin(actor, where, data.length, digest, running.sign_in.clock(), key)
    headers = {"location": f"/v1/uploads/{row.upload.hex()}", OFFSET: str(row.received)}
    return Response(_shown(row), status_code=HTTP_201_CREATED, headers=headers)


@head(
    "/v1/uploads/{upload:str}",
    operation_id="showUpload",
    tags=["delivery"],
    summary="How much of an upload is here",
    responses=problems(401, 404, 410, 503),
)
async def show_upload(request: Http, upload: UploadPath) -> Response[None]:
    """Tell the offset at which an upload goes on."""
    actor = await actor_of(request)
    running = service(request)
    row = await running.uploads.find(actor, path_id(upload), running.sign_in.clock())
    return Response(
        None, status_code=HTTP_200_OK, headers={OFFSET: str(row.received), "upload-length": str(row.length)}
    )


@patch(
    "/v1/uploads/{upload:str}",
    operation_id="continueUpload",
    tags=["delivery"],
    summary="Send the next segment of an upload",
    status_code=HTTP_204_NO_CONTENT,
    responses=problems(400, 401, 403, 404, 409, 410, 413, 503),
)
async def continue_upload(request: Http, upload: UploadPath) -> Response[None]:
    """Take the next segment, whole or not at all; its offset stands in `Upload-Offset`."""
    actor = await actor_of(request)
    running = service(request)
    offset = request.headers.get(OFFSET, "")
    if not _OFFSET.fullmatch(offset):
        raise InvalidRequestError("an Upload-Offset is a whole number", code="invalid-offset")
    if request.headers.get("content-type", "").split(";")[0] != "application/octet-stream":
        raise InvalidRequestError("a segment is application/octet-stream", code="invalid-media-type")
    data = await _segment(request)
    row = await running.uploads.append(actor, path_id(upload), int(offset), data, running.sign_in.clock())
    return Response(None, status_code=HTTP_204_NO_CONTENT, headers={OFFSET: str(row.received)})


@post(
    "/v1/dossiers/{dossier:str}/items",
    operation_id="deliverItem",
    tags=["delivery"],
    summary="Deliver a sealed item version",
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def deliver(request: Http, dossier: DossierPath, data: JSONBody[ItemBody]) -> Delivered:
    """Take in one version of an item, from an admitted agency's system or from the owner."""
    actor = await actor_of(request)
    delivery = Delivery(
        dossier=path_id(dossier),
        header=read_statement(data.header, "item-header"),
        sealed_key=read_bytes(data.sealed_key),
        sealed_metadata=read_bytes(data.sealed_metadata),
        parts=[_part(part) for part in data.parts],
    )
    running = service(request)
    running.sign_in.limiter.count(DELIVERIES, actor.id)
    claim = await claim_of(request, actor)
    try:
        return await take_in(running.writer, actor, delivery, claim)
    except ForbiddenError as error:
        if error.code == WRONG_AUTHOR and actor.kind == "system":
            core = parse_header(delivery.header).core
            author = core.author.hex() if core.author_kind == "system" else core.author_kind
            log(logging.WARNING, "an item signed by another", sender=actor.id.hex(), author=author)
        raise


async def _segment(request: Http) -> bytes:
    """Read one segment, and stop reading where it is larger than one may be."""
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > SEGMENT_SIZE:
            raise TooLargeError("a segment is at most 4 MiB")
        pieces.append(piece)
    return b"".join(pieces)


def _part(part: PartBody) -> SealedPart:
    if (part.content is None) == (part.upload == ""):
        raise InvalidRequestError("a part is either in the request or uploaded", code="invalid-part")
    if part.content is None:
        return SealedPart(None, path_id(part.upload))
    return SealedPart(read_bytes(part.content))


def _shown(row: UploadRow) -> Upload:
    return Upload(row.upload.hex(), row.received, row.length, row.state == "complete", row.expires)


ROUTES = (find_dossier, begin_upload, show_upload, continue_upload, deliver)
