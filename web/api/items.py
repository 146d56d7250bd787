"""Items over HTTP: lists, and adoption of item keys by holders."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get, put
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.status_codes import HTTP_204_NO_CONTENT

from crypto.encoding import decode_hex
from crypto.errors import CryptoError
from crypto.kinds import is_code
from dossier.dossiers.statements import read_bytes
from dossier.errors import InvalidRequestError
from dossier.items.adopting import Wrap
from dossier.items.listing import PAGE_SIZE, ListRequest
from dossier.items.service import ItemPage
from web.api.act import Body, Http, actor_of, looker_of, path_id, problems, service
from web.api.dossiers import DossierPath

ItemPath = Annotated[str, PathParameter(description="The id of the item", pattern="^[0-9a-f]{32}$")]
Code = Annotated[str, QueryParameter(pattern="^([a-z0-9]+(-[a-z0-9]+)*)?$", max_length=64)]
Cursor = Annotated[
    str, QueryParameter(name="after", description="The item after which to go on", pattern="^([0-9a-f]{32})?$")
]
Size = Annotated[int, QueryParameter(name="size", ge=1, le=PAGE_SIZE)]
MAX_WRAP = 256


class WrapBody(Body, frozen=True):
    """An item key under the list key of the section where the item stands."""

    version: int
    section: str
    lane: str
    epoch: int
    wrapped: str


@get(
    "/v1/dossiers/{dossier:str}/items",
    operation_id="listItems",
    tags=["items"],
    summary="The items of a dossier that one may know of",
    responses=problems(400, 401, 403, 404, 409, 429, 503),
)
async def list_items(
    request: Http,
    dossier: DossierPath,
    section: Code = "",
    after: Cursor = "",
    size: Size = PAGE_SIZE,
) -> ItemPage:
    """List a page; purpose, case and reason travel in the headers Dossier-Purpose, -Case and -Reason."""
    actor = await looker_of(request)
    asked = ListRequest(
        dossier=path_id(dossier),
        role=header_code(request, "dossier-role") or actor.role,
        purpose=header_code(request, "dossier-purpose"),
        case=header_id(request, "dossier-case"),
        reason=header_code(request, "dossier-reason"),
        section=section,
        after=bytes.fromhex(after),
        size=size,
    )
    return await service(request).lists.page(actor, asked)


@put(
    "/v1/items/{item:str}/wraps",
    operation_id="adoptItem",
    tags=["items"],
    summary="Keep an item key under its section's list key",
    status_code=HTTP_204_NO_CONTENT,
    responses=problems(400, 401, 403, 404, 413, 503),
)
async def adopt(request: Http, item: ItemPath, data: JSONBody[WrapBody]) -> Response[None]:
    """Keep a holder's wrap of an item key, so that a later list needs one public-key opening per section."""
    actor = await actor_of(request)
    wrapped = read_bytes(data.wrapped)
    if not (0 < len(wrapped) <= MAX_WRAP and is_code(data.section) and is_code(data.lane)):
        raise InvalidRequestError("not a wrap of an item key", code="invalid-wrap")
    if not (0 < data.version < 2**31 and 0 <= data.epoch < 2**31):
        raise InvalidRequestError("not a wrap of an item key", code="invalid-wrap")
    wrap = Wrap(data.version, data.section, data.lane, data.epoch, wrapped)
    await service(request).lists.adopt(actor, path_id(item), wrap)
    return Response(None, status_code=HTTP_204_NO_CONTENT)


def header_code(request: Http, name: str) -> str:
    """Return a code from a header, empty if it is not there; raise InvalidRequestError."""
    text: str = request.headers.get(name, "")
    if text and not is_code(text):
        raise InvalidRequestError(f"the header {name} is a code", code="invalid-header")
    return text


def header_id(request: Http, name: str) -> bytes | None:
    """Return an id from a header, None if it is not there; raise InvalidRequestError."""
    text: str = request.headers.get(name, "")
    if not text:
        return None
    try:
        return decode_hex(text, 16)
    except CryptoError as error:
        raise InvalidRequestError(f"the header {name} is an id", code="invalid-header") from error


ROUTES = (list_items, adopt)
