"""Readings over HTTP. Opening one is answered by a bare ASGI handler in front of the router: all else waits for it.

The router has the same operation for the description and for whoever calls the application directly; both end in the
same few lines, so there is one behaviour (the router itself cannot carry a bare handler with a path parameter).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import JSONBody, PathParameter
from litestar.response import Stream
from litestar.status_codes import HTTP_201_CREATED, HTTP_206_PARTIAL_CONTENT
from litestar.types import ASGIApp, Receive, Send

from dossier.errors import InvalidRequestError, TooLargeError, TooManyError
from dossier.parties.actor import Actor
from dossier.reading.answers import ReadingAnswer
from dossier.reading.leases import Range, ReadingState
from web.api.act import Body, Http, actor_of, path_id, problems, service
from web.api.items import ItemPath
from web.edge import HELD
from web.logging import logger
from web.problems import MEDIA_TYPE, describe
from web.signin.limits import Limit
from web.strict import check_json, check_media_type
from web.wiring import Service

ReadingPath = Annotated[str, PathParameter(description="The id of the reading", pattern="^[0-9a-f]{32}$")]
PartPath = Annotated[int, PathParameter(description="The number of the part, from 0", ge=0, le=255)]

MAX_BODY = 131_072
RANGE_SECONDS = 5
"""Seconds in which a range must be taken: a reader that stalls holds nothing open."""

LIMIT_SECONDS = 300
SLOWED_SECONDS = 0.5
"""Seconds that each reading waits beyond the limit of five minutes: it is still decided, recorded and answered.

Few of one actor wait at once (web.slowing); more than that are refused.
"""

# I-JSON with one member, once, whose text needs no unescaping.
_PLAIN = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*"request"[ \t\r\n]*:[ \t\r\n]*"([A-Za-z0-9+/=]*)"[ \t\r\n]*\}[ \t\r\n]*')
_PATH = re.compile(r"/v1/items/([^/]+)/readings")
_RANGE = re.compile(r"bytes=(0|[1-9][0-9]{0,15})-(0|[1-9][0-9]{0,15})?")
_KEY = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


class ReadingBody(Body, frozen=True):
    """The signed reading request, base64 of its envelope; its nonce is the Idempotency-Key."""

    request: str


class ReadingRoute:
    """Answers `POST /v1/items/{id}/readings` before any router; everything else goes on to the application."""

    def __init__(self, inner: ASGIApp, state: State) -> None:
        self._inner, self._state = inner, state

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Decide, record, then release one reading."""
        match = _PATH.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if match is None:
            await self._inner(scope, receive, send)
            return
        status, headers, body = await self._answer(scope, receive, match[1])
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _answer(self, scope: Any, receive: Receive, item: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        arrival = asyncio.get_running_loop().time()
        try:
            body = msgspec.json.encode(await self._read(scope, receive, item, arrival))
        except Exception as error:  # noqa: BLE001 - whatever went wrong becomes a problem document
            answer = describe(error)
            if answer.problem.code == "internal":
                logger.error("a request failed", exc_info=error, extra={"fields": {"request": scope.get("request_id")}})
            headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
            return answer.problem.status, [*headers, *_content(MEDIA_TYPE, answer.body)], answer.body
        return 201, _content("application/json", body), body

    async def _read(self, scope: Any, receive: Receive, item: str, arrival: float) -> ReadingAnswer:
        scope[HELD] = True  # Readings holds its hidden answers itself
        running: Service = self._state.service
        actor = await running.sign_in.authenticator.actor(scope)
        nonce = _nonce([value.decode("latin-1") for name, value in scope["headers"] if name == b"idempotency-key"])
        content = await _body(receive)
        check_media_type(_header(scope, b"content-type"))
        return await _open(running, actor, item, nonce, _request(content), arrival)


def _request(content: bytes) -> str:
    """The signed request in a body; raise InvalidRequestError. What clients send has one shape, and any other is parsed."""
    plain = _PLAIN.fullmatch(content)
    if plain is not None:
        return plain[1].decode()
    check_json(content)
    try:
        return msgspec.json.decode(content, type=ReadingBody).request
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidRequestError("the body is not a reading request", code="invalid-body") from error


@post(
    "/v1/items/{item:str}/readings",
    operation_id="openReading",
    tags=["readings"],
    summary="Read an item",
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def open_reading(request: Http, item: ItemPath, data: JSONBody[ReadingBody]) -> ReadingAnswer:
    """Decide, record, then release one reading; the nonce of the signed request is the Idempotency-Key.

    Whoever may know of the item and may not read it gets 403 and how to ask; for anybody else there is nothing here.
    """
    arrival = asyncio.get_running_loop().time()
    actor = await actor_of(request)
    nonce = _nonce(request.headers.getall("idempotency-key", []))
    return await _open(service(request), actor, item, nonce, data.request, arrival)


async def _open(running: Service, actor: Actor, item: str, nonce: bytes, request: str, arrival: float) -> ReadingAnswer:
    await _slow_down(running, actor.id)
    return await running.released.readings.read(actor, path_id(item), nonce, request, arrival)


async def _slow_down(running: Service, actor: bytes) -> None:
    try:
        running.sign_in.limiter.count(Limit("reading", running.settings.reading_limit, LIMIT_SECONDS), actor)
    except TooManyError:
        await running.slowed.wait(actor, SLOWED_SECONDS)


def _nonce(values: Sequence[str]) -> bytes:
    """The idempotency key, which is the nonce of the signed request; raise InvalidRequestError."""
    if not values:
        raise InvalidRequestError("this request needs an Idempotency-Key header", code="idempotency-key-missing")
    if len(values) > 1 or not _KEY.fullmatch(values[0]):
        raise InvalidRequestError(
            "an Idempotency-Key is 32 hexadecimal digits or a UUID", code="invalid-idempotency-key"
        )
    return bytes.fromhex(values[0].replace("-", ""))


def _content(media_type: str, body: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", media_type.encode()), (b"content-length", b"%d" % len(body))]


def _header(scope: Any, wanted: bytes) -> str:
    return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == wanted)


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message: Any = await receive()
        piece: bytes = message.get("body", b"")
        body += piece
        if len(body) > MAX_BODY:
            raise TooLargeError("a reading request is at most 128 KiB")
        if message["type"] != "http.request" or not message.get("more_body"):
            return body


@get(
    "/v1/readings/{reading:str}",
    operation_id="showReading",
    tags=["readings"],
    summary="How far a reading came",
    responses=problems(401, 404, 503),
)
async def show_reading(request: Http, reading: ReadingPath) -> ReadingState:
    """Show a reading to the one who made it: its lease, its parts, and whether it was stopped."""
    actor = await actor_of(request)
    return await service(request).released.leases.state(actor, path_id(reading))


@get(
    "/v1/readings/{reading:str}/parts/{part:int}",
    operation_id="readPart",
    tags=["readings"],
    summary="A range of one part of a reading",
    status_code=HTTP_206_PARTIAL_CONTENT,
    media_type="application/octet-stream",
    responses=problems(400, 401, 404, 410, 503),
)
async def read_part(request: Http, reading: ReadingPath, part: PartPath) -> Stream:
    """Send ciphertext, at most 4 MiB at once; before each range it is looked whether the reading still stands."""
    return await _part(request, reading, part)


@get(
    "/v1/readings/{reading:str}/content",
    operation_id="readContent",
    tags=["readings"],
    summary="A range of the first part of a reading",
    status_code=HTTP_206_PARTIAL_CONTENT,
    media_type="application/octet-stream",
    responses=problems(400, 401, 404, 410, 503),
)
async def read_content(request: Http, reading: ReadingPath) -> Stream:
    """Send part 0."""
    return await _part(request, reading, 0)


async def _part(request: Http, reading: str, part: int) -> Stream:
    actor = await actor_of(request)
    found = await service(request).released.leases.open_range(actor, path_id(reading), part, _wanted(request))
    headers = {
        "accept-ranges": "bytes",
        "content-length": str(found.end - found.start),
        "content-range": f"bytes {found.start}-{max(found.end - 1, found.start)}/{found.length}",
    }
    return Stream(
        _in_time(found), status_code=HTTP_206_PARTIAL_CONTENT, media_type="application/octet-stream", headers=headers
    )


async def _in_time(found: Range) -> AsyncIterator[bytes]:
    async with asyncio.timeout(RANGE_SECONDS):
        async for piece in found.content:
            yield piece


def _wanted(request: Http) -> tuple[int, int | None]:
    """The range asked for: one range of bytes with a start; without a header, from the beginning."""
    text = request.headers.get("range", "bytes=0-")
    match = _RANGE.fullmatch(text)
    if match is None:
        raise InvalidRequestError("a Range is bytes=FIRST-LAST or bytes=FIRST-", code="invalid-range")
    return int(match[1]), int(match[2]) + 1 if match[2] else None


ROUTES = (open_reading, show_reading, read_part, read_content)
