"""Persons over HTTP: key chains, unlock methods, keyrings, and the keys of streams that one may check."""

from __future__ import annotations

from typing import Annotated

from litestar import get, post, put
from litestar.params import JSONBody, PathParameter
from litestar.status_codes import HTTP_201_CREATED

from dossier.dossiers.statements import read_bytes, read_statement
from dossier.parties import showing
from dossier.parties.acts import Done
from dossier.parties.keychains import NewKeys
from dossier.parties.service import CHAIN
from dossier.parties.streamkeys import ShownStreamKeys
from dossier.parties.unlocking import KIND as UNLOCK
from dossier.parties.unlocking import SealedMethod
from web.api.act import Body, Http, actor_of, claim_of, looker_of, path_id, problems, service

PersonPath = Annotated[str, PathParameter(description="The id of the person", pattern="^[0-9a-f]{32}$")]
StreamPath = Annotated[str, PathParameter(description="The id of the stream", pattern="^[0-9a-f]{32}$")]


class KeysBody(Body, frozen=True):
    """The next statement of one's key chain; the first brings the stream key K, which travels this once."""

    statement: str
    stream_key: str = ""


class MethodsBody(Body, frozen=True):
    """A signed list of unlock methods, with the wrapped seed and sealed root of each by hex id."""

    statement: str
    methods: dict[str, SealedMethod]


class KeyringBody(Body, frozen=True):
    """One's wrapped identity; `version` is that of the keyring it replaces plus one, 1 for the first."""

    wrapped: str
    version: int


@get("/v1/persons/{person:str}/keys", operation_id="showKeys", tags=["parties"], responses=problems(401, 404, 503))
async def show_keys(request: Http, person: PersonPath) -> showing.ShownKeys:
    """Show the key chains of a person whose id one knows."""
    await actor_of(request)
    return await service(request).parties.keys(path_id(person))


@post(
    "/v1/persons/{person:str}/keys",
    operation_id="publishKeys",
    tags=["parties"],
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def publish_keys(request: Http, person: PersonPath, data: JSONBody[KeysBody]) -> Done:
    """Publish one's first or next keys in the capacity in which one is signed in."""
    actor = await actor_of(request)
    new = NewKeys(read_statement(data.statement, CHAIN), read_bytes(data.stream_key))
    claim = await claim_of(request, actor, required=False)
    return await service(request).parties.publish(actor, path_id(person), new, claim)


@get(
    "/v1/persons/{person:str}/unlock-methods",
    operation_id="showUnlockMethods",
    tags=["parties"],
    responses=problems(401, 403, 404, 503),
)
async def show_methods(request: Http, person: PersonPath) -> showing.ShownMethods:
    """Show one's own unlock methods."""
    return await service(request).parties.methods(await actor_of(request), path_id(person))


@put(
    "/v1/persons/{person:str}/unlock-methods",
    operation_id="putUnlockMethods",
    tags=["parties"],
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def put_methods(request: Http, person: PersonPath, data: JSONBody[MethodsBody]) -> Done:
    """Replace one's unlock methods: at least two."""
    actor = await actor_of(request)
    statement = read_statement(data.statement, UNLOCK)
    claim = await claim_of(request, actor, required=False)
    return await service(request).parties.put_methods(actor, path_id(person), statement, data.methods, claim)


@get(
    "/v1/persons/{person:str}/keyring",
    operation_id="showKeyring",
    tags=["parties"],
    responses=problems(401, 403, 404, 503),
)
async def show_keyring(request: Http, person: PersonPath) -> showing.ShownKeyring:
    """Show one's own wrapped identity."""
    return await service(request).parties.keyring(await actor_of(request), path_id(person))


@put(
    "/v1/persons/{person:str}/keyring",
    operation_id="putKeyring",
    tags=["parties"],
    responses=problems(400, 401, 403, 404, 409, 413, 429, 503),
)
async def put_keyring(request: Http, person: PersonPath, data: JSONBody[KeyringBody]) -> Done:
    """Replace one's wrapped identity."""
    actor = await actor_of(request)
    claim = await claim_of(request, actor, required=False)
    wrapped = read_bytes(data.wrapped)
    return await service(request).parties.put_keyring(actor, path_id(person), wrapped, data.version, claim)


@get(
    "/v1/streams/{stream:str}/keys",
    operation_id="showStreamKeys",
    tags=["parties"],
    responses=problems(401, 404, 429, 503),
)
async def show_stream_keys(request: Http, stream: StreamPath) -> ShownStreamKeys:
    """Give the keys of a stream to those who may check it: one's own, one's organisation's, one's dossier's."""
    return await service(request).parties.stream_keys(await looker_of(request), path_id(stream))


ROUTES = (
    show_keys,
    publish_keys,
    show_methods,
    put_methods,
    show_keyring,
    put_keyring,
    show_stream_keys,
)
