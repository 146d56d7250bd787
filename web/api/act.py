"""An HTTP request as the act of somebody: who does it, and the idempotency key under which it is done once.

What every handler under `/v1` needs; nothing here decides anything.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

import msgspec
from litestar import Request
from litestar.openapi.datastructures import ResponseSpec

from audit.entry import Claim
from crypto.encoding import decode_hex, sha256
from crypto.errors import CryptoError
from dossier.errors import InvalidRequestError, NotFoundError
from dossier.parties.actor import Actor
from web.problems import MEDIA_TYPE, Problem
from web.signin.limits import Limit
from web.wiring import Service

Http = Request[Any, Any, Any]

IDEMPOTENCY_KEY = "idempotency-key"
LOOK_SECONDS = 60
"""The window of the bound on looks: a setting says how many, so that nobody fills the log by asking."""
_KEY = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_TITLES = {
    400: "The request is malformed",
    401: "Nobody is signed in",
    403: "You may not do this",
    404: "There is nothing here that you may know of",
    409: "The state has changed meanwhile",
    410: "It has ended",
    413: "Too large",
    429: "Too many requests",
    503: "The service cannot record this now",
}


class Body(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Base of request bodies: camelCase on the wire, unknown fields refused."""


def service(request: Http) -> Service:
    """The running service."""
    found: Service = request.app.state.service
    return found


async def actor_of(request: Http) -> Actor:
    """Who is signed in; raise UnauthenticatedError, or ForbiddenError for a forged request."""
    return await service(request).sign_in.authenticator.actor(request.scope)


async def looker_of(request: Http) -> Actor:
    """Who is signed in, for a look that is an event, or is one when it is refused; counted before anything is looked up.

    Raise as `actor_of` does, and TooManyError when that is more than one actor's bound, the same for what is there and
    for what is not.
    """
    actor = await actor_of(request)
    running = service(request)
    running.sign_in.limiter.count(Limit("look", running.settings.look_limit, LOOK_SECONDS), actor.id)
    return actor


async def claim_of(request: Http, actor: Actor, *, required: bool = True) -> Claim:
    """The idempotency claim of a POST: scoped to actor, method and path; raise InvalidRequestError."""
    key = key_of(request, required=required) or secrets.token_bytes(16)
    return claim_under(request, actor, key, await request.body())


def claim_under(request: Http, actor: Actor, key: bytes, body: bytes) -> Claim:
    """The claim of a key; what is kept is the hash of these bytes, which stand for the body."""
    route = sha256(f"{request.method} {request.url.path}".encode())
    return Claim(actor.id, route, key, sha256(body))


def key_of(request: Http, *, required: bool = False) -> bytes | None:
    """The idempotency key of a request, None without one; raise InvalidRequestError."""
    values = request.headers.getall(IDEMPOTENCY_KEY, [])
    if not values and required:
        raise InvalidRequestError("this request needs an Idempotency-Key header", code="idempotency-key-missing")
    if not values:
        return None
    if len(values) > 1 or not _KEY.fullmatch(values[0]):
        raise InvalidRequestError(
            "an Idempotency-Key is 32 hexadecimal digits or a UUID", code="invalid-idempotency-key"
        )
    return bytes.fromhex(values[0].replace("-", ""))


def path_id(text: str) -> bytes:
    """An id in a path: 32 lower-case hexadecimal digits; raise NotFoundError for anything else, as for an absent one."""
    try:
        return decode_hex(text, 16)
    except CryptoError as error:
        raise NotFoundError from error


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """What the API description says of the problems that a handler answers."""
    return {
        status: ResponseSpec(Problem, description=_TITLES[status], media_type=MEDIA_TYPE, generate_examples=False)
        for status in statuses
    }
