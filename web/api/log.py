"""The public log over HTTP: the published files as they are (C2SP tlog-tiles), and the verifier keys.

Anybody may read it; in production a cache stands before it. A checkpoint is good for seconds, everything else for ever.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from litestar import MediaType, Response, get
from litestar.params import PathParameter

from dossier.errors import NotFoundError
from web.api.act import Http, problems, service
from web.publishing import log_folder

_TILE = re.compile(r"(?:[0-9]|[1-5][0-9]|6[0-3]|entries)/(?:x[0-9]{3}/)*[0-9]{3}(?:\.p/(?:[1-9][0-9]{0,2}))?")
CHECKPOINT_CACHE = "public, max-age=5"
TILE_CACHE = "public, max-age=31536000, immutable"
NOTE = "text/plain"  # the charset is added by the response


@get(
    "/log/checkpoint",
    operation_id="showCheckpoint",
    tags=["log"],
    summary="The newest checkpoint (C2SP tlog-checkpoint)",
    media_type=MediaType.TEXT,
    responses=problems(404),
)
async def checkpoint(request: Http) -> Response[bytes]:
    """Give the signed note of the newest published size."""
    return _file(request, "checkpoint", NOTE, CHECKPOINT_CACHE)


@get(
    "/log/tile/{place:path}",
    operation_id="showTile",
    tags=["log"],
    summary="A tile or a bundle of entries (C2SP tlog-tiles)",
    media_type="application/octet-stream",
    responses=problems(404),
)
async def tile(
    request: Http, place: Annotated[str, PathParameter(description="Level or `entries`, then index and width")]
) -> Response[bytes]:
    """Give the bytes of a tile, full or partial, or of a bundle of entries."""
    text = str(place).lstrip("/")
    if not _TILE.fullmatch(text):
        raise NotFoundError
    return _file(request, f"tile/{text}", "application/octet-stream", TILE_CACHE)


@get("/log/vkey", operation_id="showLogKey", tags=["log"], summary="The log's verifier key", media_type=MediaType.TEXT)
async def verifier_key(request: Http) -> Response[str]:
    """Give the key that checkpoints are verified with (C2SP signed-note)."""
    return _key(str(service(request).keys.log_verifier))


@get(
    "/log/promise-vkey",
    operation_id="showPromiseKey",
    tags=["log"],
    summary="The verifier key of promises",
    media_type=MediaType.TEXT,
)
async def promise_key(request: Http) -> Response[str]:
    """Give the key that promise notes are verified with."""
    return _key(str(service(request).keys.promise_verifier))


def _key(text: str) -> Response[str]:
    return Response(text + "\n", media_type=NOTE, headers={"cache-control": CHECKPOINT_CACHE})


def _file(request: Http, name: str, media_type: str, cache: str) -> Response[bytes]:
    """Read one published file. It is small (8 kB, 32 kB) and complete: the sequencer renames files into place."""
    path: Path = log_folder(service(request).settings) / name
    try:
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise NotFoundError from error
    return Response(content, media_type=media_type, headers={"cache-control": cache})


ROUTES = (checkpoint, tile, verifier_key, promise_key)
