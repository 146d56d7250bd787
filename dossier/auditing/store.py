"""Reading events with what is sealed beside them, where their leaves stand in the log, and their proofs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from asyncpg import Connection, Pool

from audit import logstore
from audit.entry import FactRecord
from audit.errors import AuditError, IncompleteError
from audit.event import Event
from audit.monthkeys import MonthKeys
from audit.payload import open_payload, open_seed
from audit.proof import TlogProof
from audit.store import load_facts
from dossier.auditing.deed import Kept
from dossier.errors import NotFoundError
from dossier.requests.store import RequestStore
from dossier.sharing.store import SharedRow, SharingStore

END: int = 2**62
"""Above every seq."""

_COLUMNS = """e.stream, e.seq, e.event, e.leaf, e.at, p.month, p.seed, p.sealed, x.erased_by"""
_BESIDE = """
LEFT JOIN audit.payload p ON p.bucket = e.bucket AND p.stream = e.stream AND p.seq = e.seq
LEFT JOIN audit.erasure x ON x.bucket = e.bucket AND x.stream = e.stream AND x.seq = e.seq
"""


class EventRow(NamedTuple):
    """A stored event: its leaf, and what is sealed beside it, None when that was erased by event `erased_by`."""

    stream: bytes
    seq: int
    event: bytes
    leaf: bytes
    at: int
    month: str | None
    seed: bytes | None
    sealed: bytes | None
    erased_by: int | None


class StreamRow(NamedTuple):
    """A stream: its kind, how many events it has and the leaf hash of the last."""

    stream: bytes
    kind: str
    seq: int
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """The erasable half of an event: its seed, its fields, and the evidence kept with it (a signed request, say)."""

    seed: bytes
    event: Event
    evidence: bytes


def open_row(row: EventRow, months: MonthKeys) -> Opened | None:
    """Open what is sealed beside an event; None when it is gone or is not what was put there.

    Whoever is shown the event without its fields holds the leaf against it: nothing needs to be believed here.
    """
    if row.month is None or row.seed is None or row.sealed is None:
        return None
    try:
        key = months.find(row.month)
        seed = open_seed(key, row.stream, row.seq, row.seed)
        return Opened(seed, *open_payload(key, row.stream, row.seq, row.sealed))
    except AuditError:
        return None


class Erasable(NamedTuple):
    """Whether an event's payload was erased before, and whether the stream cannot be verified without it."""

    erased: bool
    needed: bool


@dataclass(frozen=True, slots=True)
class ErasableWant:
    """Whether the payload of an event may be erased."""

    stream: bytes
    seq: int

    @classmethod
    async def load(cls, connection: Connection, wants: Sequence[ErasableWant]) -> Mapping[ErasableWant, Erasable]:
        """Return what is known of those events that exist."""
        rows = await connection.fetch(
            """SELECT e.stream, e.seq,
                      EXISTS (SELECT FROM audit.erasure x
                              WHERE x.bucket = e.bucket AND x.stream = e.stream AND x.seq = e.seq) AS erased,
                      EXISTS (SELECT FROM audit.erasure x
                              WHERE x.bucket = e.bucket AND x.stream = e.stream AND x.erased_by = e.seq)
                      OR EXISTS (SELECT FROM audit.stream_key k
                                 WHERE k.bucket = e.bucket AND k.stream = e.stream AND k.from_seq = e.seq + 1)
                      AS needed
               FROM unnest($1::bytea[], $2::bigint[]) AS w (stream, seq)
               JOIN audit.event e ON e.bucket = audit.bucket(w.stream) AND e.stream = w.stream AND e.seq = w.seq""",
            [want.stream for want in wants],
            [want.seq for want in wants],
        )
        return {cls(row["stream"], row["seq"]): Erasable(row["erased"], row["needed"]) for row in rows}


class EventStore:
    """Events by stream, by place in the log, by id."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_stream(self, stream: bytes, after: int, size: int) -> list[EventRow]:
        """Return the events of a stream that follow `after`, at most `size`, in order."""
        rows = await self._pool.fetch(
            f"""SELECT {_COLUMNS} FROM audit.event e {_BESIDE}
                WHERE e.bucket = audit.bucket($1) AND e.stream = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3""",  # noqa: S608 - constants of this file
            stream,
            after,
            size,
        )
        return [EventRow(*row.values()) for row in rows]

    async def sequenced(self, after: int, size: int, stream: bytes | None = None) -> list[tuple[int, EventRow]]:
        """Return (index in the log, event) above an index, in the order of the log; of one stream if it is named."""
        # Log tables may be on a server of their own: their statement names no others.
        places = await self._pool.fetch(
            """SELECT log_index, stream, seq FROM audit.log_leaf
               WHERE log_index > $1 AND stream <> $3 AND ($4::bytea IS NULL OR stream = $4) ORDER BY log_index LIMIT $2""",
            after,
            size,
            logstore.CONTROL_STREAM,
            stream,
        )
        rows = await self._pool.fetch(
            f"""SELECT {_COLUMNS} FROM unnest($1::bytea[], $2::bigint[]) AS w (stream, seq)
                JOIN audit.event e ON e.bucket = audit.bucket(w.stream) AND e.stream = w.stream AND e.seq = w.seq
                {_BESIDE}""",  # noqa: S608 - constants of this file
            [place["stream"] for place in places],
            [place["seq"] for place in places],
        )
        found = {(row["stream"], row["seq"]): EventRow(*row.values()) for row in rows}
        wanted = [(place["log_index"], (place["stream"], place["seq"])) for place in places]
        return [(index, found[key]) for index, key in wanted if key in found]

    async def logged_leaves(self, stream: bytes, after: int, size: int) -> dict[int, bytes]:
        """Return the leaves that the log has of a stream, by seq."""
        rows = await self._pool.fetch(
            "SELECT seq, leaf FROM audit.log_leaf WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            stream,
            after,
            size,
        )
        return {row["seq"]: row["leaf"] for row in rows}

    async def place(self, event: bytes) -> tuple[bytes, int]:
        """Return stream and seq of an event by its id; raise NotFoundError."""
        row = await self._pool.fetchrow(
            "SELECT stream, seq FROM audit.event WHERE bucket = audit.bucket($1) AND event = $1", event
        )
        if row is None:
            raise NotFoundError
        return row["stream"], row["seq"]

    async def prove(self, stream: bytes, seq: int) -> TlogProof | None:
        """Return the proof of an event's leaf under the newest checkpoint, None before the log has it."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            # One snapshot: the log may grow meanwhile, and the tiles of this size be swept.
            return await _prove(connection, stream, seq)

    async def streams(self) -> list[StreamRow]:
        """Return all streams, by id."""
        rows = await self._pool.fetch("SELECT stream, kind, seq, leaf FROM audit.head ORDER BY bucket, stream")
        return [StreamRow(*row.values()) for row in rows]

    async def heads(self, streams: Sequence[bytes]) -> dict[bytes, StreamRow]:
        """Return those of these streams that exist."""
        rows = await self._pool.fetch(
            """SELECT h.stream, h.kind, h.seq, h.leaf FROM unnest($1::bytea[]) AS w (id)
               JOIN audit.head h ON h.bucket = audit.bucket(w.id) AND h.stream = w.id""",
            list(streams),
        )
        return {row["stream"]: StreamRow(*row.values()) for row in rows}

    async def event_at(self, stream: bytes, seq: int) -> bytes | None:
        """Return the id of an event by its place, None if it is not there."""
        found: bytes | None = await self._pool.fetchval(
            "SELECT event FROM audit.event WHERE bucket = audit.bucket($1) AND stream = $1 AND seq = $2", stream, seq
        )
        return found

    async def there_since(self, subject: bytes) -> int | None:
        """Return since when (UTC milliseconds) there is an item or a dossier of this id, None if there is none."""
        found: int | None = await self._pool.fetchval(
            """SELECT min(e.at) FROM audit.event e WHERE e.bucket = audit.bucket($1) AND (e.stream, e.seq) IN (
                   SELECT f.stream, min(f.seq) FROM audit.fact f
                   WHERE f.bucket = audit.bucket($1) AND f.subject = $1 AND f.kind IN ('item-version', 'dossier-key')
                   GROUP BY f.stream)""",
            subject,
        )
        return found

    async def kept(self, stream: bytes) -> Kept:
        """Return the statements of a stream as they were signed, with what is kept of its consents and requests."""
        rows = await self._pool.fetch(
            """SELECT seq, kind, subject, hash, envelope FROM dossier.statement
               WHERE bucket = audit.bucket($1) AND stream = $1""",
            stream,
        )
        consents = (row for row in rows if row["kind"] == "consent")
        asked = await RequestStore(self._pool).all_of(stream)
        return Kept(
            statements={row["hash"]: row["envelope"] for row in rows},
            countersigned={row["seq"]: row["envelope"] for row in rows if row["kind"] == "countersignature"},
            consents={
                row["subject"].hex(): SharedRow(stream, row["subject"], row["hash"], row["seq"], row["envelope"])
                for row in consents
            },
            requests={row.request.hex(): row for row in asked},
        )

    async def party_statements(self, stream: bytes) -> dict[str, bytes]:
        """Return the statements of a person or organisation as they were signed, by hex hash."""
        rows = await self._pool.fetch(
            "SELECT hash, envelope FROM dossier.party_statement WHERE bucket = audit.bucket($1) AND stream = $1", stream
        )
        return {row["hash"].hex(): row["envelope"] for row in rows}

    async def rules_times(self, stream: bytes) -> list[tuple[int, int]]:
        """Return (seq, UTC milliseconds) of the events of a stream that changed its rules, in order."""
        rows = await self._pool.fetch(
            """SELECT DISTINCT e.seq, e.at FROM audit.fact f JOIN audit.event e USING (bucket, stream, seq)
               WHERE f.bucket = audit.bucket($1) AND f.stream = $1 AND f.class = 'rules' ORDER BY e.seq""",
            stream,
        )
        return [(row["seq"], row["at"]) for row in rows]

    async def last_use(self, consent: bytes) -> int:
        """Return when a consent was last used (UTC seconds), 0 for never."""
        return (await SharingStore(self._pool).last_uses([consent])).get(consent, 0)

    async def facts(self, stream: bytes, cls: str) -> list[FactRecord]:
        """Return all facts of a stream of one class, in order."""
        async with self._pool.acquire() as connection:
            return (await load_facts(connection, [(stream, 0, END)], cls)).of(stream)

    async def keys(self, stream: bytes) -> list[Any]:
        """Return the wrapped keys of a stream's epochs, in order: epoch, from_seq, month, wrapped."""
        rows = await self._pool.fetch(
            """SELECT epoch, from_seq, month, wrapped FROM audit.stream_key
               WHERE bucket = audit.bucket($1) AND stream = $1 ORDER BY epoch""",
            stream,
        )
        return list(rows)


async def _prove(connection: Connection, stream: bytes, seq: int) -> TlogProof | None:
    index = await logstore.find_leaf(connection, stream, seq)
    state = await logstore.state(connection)
    if index is None or state.note is None:
        return None
    if index >= state.size:
        raise IncompleteError("a leaf stands beyond the end of the log")
    return TlogProof(index, tuple(await logstore.prove(connection, index, state.size)), state.note)
