"""The SQL of events as they are read again: a stream's list, one event by its id, the keys of its epochs, erasures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from audit.event import Event
from audit.monthkeys import MonthKeys
from audit.payload import open_payload, open_seed, open_stream_key
from audit.store import Connection

_COLUMNS: Final = """
SELECT e.event, e.stream, e.seq, e.leaf, e.at, p.month, p.seed, p.sealed
FROM audit.event e LEFT JOIN audit.payload p ON p.bucket = e.bucket AND p.stream = e.stream AND p.seq = e.seq
"""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as stored; `month` is None, and so are `seed` and `sealed`, when its payload was erased."""

    event_id: bytes
    stream: bytes
    seq: int
    leaf: bytes
    at_ms: int
    month: str | None
    seed: bytes | None
    sealed: bytes | None


@dataclass(frozen=True, slots=True)
class OpenedEvent:
    """The payload of an event: its seed, its fields, and the evidence kept with it."""

    seed: bytes = field(repr=False)
    event: Event
    evidence: bytes


@dataclass(frozen=True, slots=True)
class EpochKey:
    """The key of a stream's epoch, which begins with event `from_seq`."""

    epoch: int
    from_seq: int
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Erasure:
    """That the payload of event `seq` was erased, by event `erased_by` of the same stream, on a ground."""

    seq: int
    ground: str
    erased_by: int


async def events(
    connection: Connection, stream: bytes, *, after: int = 0, last: int | None = None, limit: int = 1_000
) -> list[StoredEvent]:
    """Return events of a stream with after < seq <= last, in order, at most `limit`."""
    rows = await connection.fetch(
        f"{_COLUMNS} WHERE e.bucket = audit.bucket($1) AND e.stream = $1 AND e.seq > $2 AND e.seq <= $3"
        " ORDER BY e.seq LIMIT $4",
        stream,
        after,
        2**62 if last is None else last,
        limit,
    )
    return [StoredEvent(*row) for row in rows]


async def latest_events(
    connection: Connection, stream: bytes, *, before: int | None = None, limit: int = 100
) -> list[StoredEvent]:
    """Return the last events of a stream with seq < before, the newest first."""
    rows = await connection.fetch(
        f"{_COLUMNS} WHERE e.bucket = audit.bucket($1) AND e.stream = $1 AND e.seq < $2 ORDER BY e.seq DESC LIMIT $3",
        stream,
        2**62 if before is None else before,
        limit,
    )
    return [StoredEvent(*row) for row in rows]


async def find_event(connection: Connection, event_id: bytes) -> StoredEvent | None:
    """Return the event of an id, None when there is none."""
    row = await connection.fetchrow(f"{_COLUMNS} WHERE e.bucket = audit.bucket($1) AND e.event = $1", event_id)
    return None if row is None else StoredEvent(*row)


async def find_events(connection: Connection, event_ids: Sequence[bytes]) -> dict[bytes, StoredEvent]:
    """Return the events of these ids that exist, in one round trip."""
    rows = await connection.fetch(
        f"{_COLUMNS} JOIN unnest($1::bytea[]) AS wanted (id) ON e.bucket = audit.bucket(wanted.id)"
        " AND e.event = wanted.id",
        event_ids,
    )
    return {row["event"]: StoredEvent(*row) for row in rows}


def open_event(stored: StoredEvent, keys: MonthKeys) -> OpenedEvent | None:
    """Open an event's payload; None when it was erased.

    Raise IncompleteError when the key of its month was destroyed, ProofError when the payload is not that of its place.
    """
    if stored.month is None or stored.seed is None or stored.sealed is None:
        return None
    key = keys.find(stored.month)
    event, evidence = open_payload(key, stored.stream, stored.seq, stored.sealed)
    return OpenedEvent(open_seed(key, stored.stream, stored.seq, stored.seed), event, evidence)


async def epoch_keys(connection: Connection, stream: bytes, keys: MonthKeys) -> list[EpochKey]:
    """Return the keys of all epochs of a stream, in order."""
    rows = await connection.fetch(
        "SELECT epoch, from_seq, month, wrapped FROM audit.stream_key"
        " WHERE bucket = audit.bucket($1) AND stream = $1 ORDER BY epoch",
        stream,
    )
    return [
        EpochKey(
            row["epoch"],
            row["from_seq"],
            open_stream_key(keys.find(row["month"]), stream, row["epoch"], row["wrapped"]),
        )
        for row in rows
    ]


async def erasures(connection: Connection, stream: bytes) -> list[Erasure]:
    """Return what was erased of a stream, in order."""
    rows = await connection.fetch(
        "SELECT seq, ground, erased_by FROM audit.erasure WHERE bucket = audit.bucket($1) AND stream = $1 ORDER BY seq",
        stream,
    )
    return [Erasure(*row) for row in rows]
