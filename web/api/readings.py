"""Readings over HTTP. Opening one is a bare ASGI handler: it is the path that everything else waits for.

What it answers is the same as every other route's: the same problems, the same actor, the same idempotency keys. Its
description stands beside it by hand (`OPERATION`), held to the handler by a test.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import asgi, get
from litestar.exceptions import MethodNotAllowedException
from litestar.params import PathParameter
from litestar.response import Stream
from litestar.status_codes import HTTP_206_PARTIAL_CONTENT
from litestar.types import Receive, Scope, Send

from dossier.errors import InvalidRequestError, TooLargeError, TooManyError
from dossier.reading.leases import Range, ReadingState
from web.api.act import Body, Http, actor_of, path_id, problems, service
from web.logging import logger
from web.problems import MEDIA_TYPE, describe
from web.signin.limits import Limit
from web.wiring import Service

ReadingPath = Annotated[str, PathParameter(description="The id of the reading", pattern="^[0-9a-f]{32}$")]
PartPath = Annotated[int, PathParameter(description="The number of the part, from 0", ge=0, le=255)]

MAX_BODY = 131_072
RANGE_SECONDS = 5
"""Seconds in which a range must be taken: a reader that stalls holds nothing open."""

LIMIT_SECONDS = 300
SLOWED_SECONDS = 0.5
"""Seconds that each reading waits beyond the limit of five minutes: it is still decided, recorded and answered."""

_RANGE = re.compile(r"bytes=(0|[1-9][0-9]{0,15})-(0|[1-9][0-9]{0,15})?")
_KEY = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


class ReadingBody(Body, frozen=True):
    """The signed reading request, base64 of its envelope; its nonce is the Idempotency-Key."""

    request: str


@asgi("/v1/items/{item:str}/readings", copy_scope=False)
async def open_reading(scope: Scope, receive: Receive, send: Send) -> None:
    """Decide, record, then release one reading."""
    arrival = asyncio.get_running_loop().time()
    try:
        status, body, headers = 201, await _read(scope, receive, arrival), []
        kind = b"application/json"
    except Exception as error:  # noqa: BLE001 - whatever went wrong becomes a problem document
        answer = describe(error)
        if answer.problem.code == "internal":
            logger.error("a request failed", exc_info=error, extra={"fields": {"request": scope.get("request_id")}})
        status, body, kind = answer.problem.status, answer.body, MEDIA_TYPE.encode()
        headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    headers += [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _read(scope: Any, receive: Receive, arrival: float) -> bytes:
    if scope["method"] != "POST":
        raise MethodNotAllowedException(headers={"allow": "POST"})
    running: Service = scope["litestar_app"].state.service
    actor = await running.sign_in.authenticator.actor(scope)
    await _slow_down(running, actor.id)
    nonce = _nonce(scope["headers"])
    try:
        request = msgspec.json.decode(await _body(receive), type=ReadingBody).request
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidRequestError("the body is not a reading request", code="invalid-body") from error
    answer = await running.released.readings.read(actor, path_id(scope["path_params"]["item"]), nonce, request, arrival)
    encoded: bytes = msgspec.json.encode(answer)
    return encoded


async def _slow_down(running: Service, actor: bytes) -> None:
    try:
        running.sign_in.limiter.count(Limit("reading", running.settings.reading_limit, LIMIT_SECONDS), actor)
    except TooManyError:
        await asyncio.sleep(SLOWED_SECONDS)


def _nonce(headers: Any) -> bytes:
    values = [value for name, value in headers if name == b"idempotency-key"]
    if not values:
        raise InvalidRequestError("this request needs an Idempotency-Key header", code="idempotency-key-missing")
    text = values[0].decode("latin-1")
    if len(values) > 1 or not _KEY.fullmatch(text):
        raise InvalidRequestError(
            "an Idempotency-Key is 32 hexadecimal digits or a UUID", code="invalid-idempotency-key"
        )
    return bytes.fromhex(text.replace("-", ""))


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
