"""Looking at streams without writing: their heads and compiled facts as they stand, for reads that record nothing.

What is seen may be old by the time it is used; whatever releases or changes something is judged again in the writer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit import store
from audit.entry import View
from audit.errors import UnavailableError
from audit.known import KnownStreams


async def look(pool: Any, known: KnownStreams, streams: Sequence[bytes], tries: int = 3) -> View:
    """Return heads and facts of those streams that exist; raise UnavailableError if they cannot be read now."""
    wanted = sorted(set(streams))
    try:
        async with pool.acquire() as connection:
            for _ in range(tries):
                view = await _look(connection, known, wanted)
                if view is not None:
                    return view
    except store.CONNECTION_ERRORS as error:
        raise UnavailableError("facts cannot be read now") from error
    raise UnavailableError("facts change faster than they can be read")


async def _look(connection: store.Connection, known: KnownStreams, streams: Sequence[bytes]) -> View | None:
    stored = await store.load_streams(connection, streams)
    heads = {stream: one.head for stream, one in stored.items()}
    _, compiled = known.current(heads.values())
    behind = {stream: stored[stream] for stream in heads.keys() - compiled.keys()}
    absent = known.missing(stream for stream in streams if stream not in heads)
    if behind or absent:
        known.note_absent(absent)
        spans = known.spans(behind)
        records = await store.load_facts(connection, spans)
        for stream, after, _last in spans:
            known.learn(behind[stream], after, records.of(stream))
        _, compiled = known.current(heads.values())
    if heads.keys() - compiled.keys():
        return None
    return View(await store.clock(connection), heads, compiled, {})
