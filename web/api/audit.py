"""Events over HTTP: a dossier's for its holders, everybody's for auditors, and the proof that one is in the log."""

from __future__ import annotations

from typing import Annotated

from litestar import MediaType, Response, get
from litestar.params import PathParameter, QueryParameter

from dossier.auditing.service import PAGE_SIZE
from dossier.auditing.showing import AuditPage, StreamPage
from web.api.act import Http, actor_of, looker_of, path_id, problems, service
from web.api.dossiers import DossierPath
from web.api.log import NOTE

EventPath = Annotated[str, PathParameter(description="The id of the event", pattern="^[0-9a-f]{32}$")]
After = Annotated[int, QueryParameter(name="after", description="The place after which to go on", ge=0, le=2**53 - 1)]
Size = Annotated[int, QueryParameter(name="size", ge=1, le=PAGE_SIZE)]
Stream = Annotated[
    str, QueryParameter(name="stream", description="Only events of this stream", pattern="^([0-9a-f]{32})?$")
]


@get(
    "/v1/dossiers/{dossier:str}/events",
    operation_id="listDossierEvents",
    tags=["audit"],
    summary="The events of a dossier, with what proves each",
    responses=problems(400, 401, 403, 404, 429, 503),
)
async def list_dossier_events(
    request: Http, dossier: DossierPath, after: After = 0, size: Size = PAGE_SIZE
) -> StreamPage:
    """Show events from seq `after` on; the holder checks them with the keys of the stream and the public log."""
    actor = await looker_of(request)
    return await service(request).auditing.of_dossier(actor, path_id(dossier), after, size)


@get(
    "/v1/events",
    operation_id="listEvents",
    tags=["audit"],
    summary="Events of all streams, for auditors",
    responses=problems(400, 401, 403, 429, 503),
)
async def list_events(request: Http, after: After = 0, size: Size = PAGE_SIZE, stream: Stream = "") -> AuditPage:
    """Show the fields that auditors may see, in the order of the log; this very look is an event too."""
    actor = await looker_of(request)
    wanted = bytes.fromhex(stream) if stream else None
    return await service(request).auditing.of_all(actor, after, size, wanted)


@get(
    "/v1/events/{event:str}/proof",
    operation_id="showProof",
    tags=["audit"],
    summary="The proof that an event is in the log (C2SP tlog-proof)",
    media_type=MediaType.TEXT,
    responses=problems(401, 404, 409, 503),
)
async def show_proof(request: Http, event: EventPath) -> Response[bytes]:
    """Give the proof to whoever knows the event's id; 409 with Retry-After until the event is sequenced."""
    await actor_of(request)
    return Response(await service(request).auditing.proof(path_id(event)), media_type=NOTE)


ROUTES = (list_dossier_events, list_events, show_proof)
