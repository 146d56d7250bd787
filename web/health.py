"""Health: whether the process lives, and whether it would take a request now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import msgspec
from litestar import get
from litestar.datastructures import State
from litestar.response import Response

Check = Callable[[], Awaitable[bool]]
"""Answers quickly and never raises; False means: send nobody here."""


class Health(msgspec.Struct):
    """The state of the service, and of each thing it cannot do without."""

    status: str
    checks: dict[str, bool] = {}


@get(
    "/health/live", operation_id="showLive", sync_to_thread=False, tags=["health"], summary="Whether the process lives"
)
def show_live() -> Health:
    """Answer while the event loop turns; nothing else is asked."""
    return Health("alive")


@get("/health/ready", operation_id="showReady", tags=["health"], summary="Whether the service takes requests")
async def show_ready(state: State) -> Response[Health]:
    """Answer 200 when every check holds, else 503: then nothing is released."""
    checks: Mapping[str, Check] = state.checks
    results = {name: await check() for name, check in checks.items()}
    ready = bool(results) and all(results.values())
    return Response(Health("ready" if ready else "not ready", results), status_code=200 if ready else 503)
