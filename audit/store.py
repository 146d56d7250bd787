"""The SQL of streams: what the writer calls, and what readers of events, facts and keys ask.

Every write is a function of the database (dossier/migrations/versions/0001_log.py): the service's role has no other way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import asyncpg
import msgspec

from audit.entry import Claim, Claimed, FactRecord, Head, Position

Connection: TypeAlias = asyncpg.Connection

CONNECTION_ERRORS: Final = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresError,
    TimeoutError,
)
"""What a server that is gone, refuses or does not answer raises."""

_AGAIN: Final = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)
# SQLSTATE classes: connection, resources (disk full), intervention, system, internal; and a server that only reads.
_DOWN: Final = ("08", "53", "57", "58", "XX", "25006")

FACTS_SECONDS: Final = 4.0
"""How long reading all facts of a large stream may take, also for somebody who waits for it."""

_ENTER = "SELECT * FROM audit.enter($1, $2, $3, $4, $5)"
_APPEND = f"SELECT audit.append({', '.join(f'${at}' for at in range(1, 33))})"
_HEADS = """
SELECT h.stream, h.kind, h.seq, h.leaf, h.at, h.rules_seq, h.rules_leaf, h.items_seq, h.items_leaf, h.key_epoch,
       k.month, k.wrapped
FROM unnest($1::bytea[]) AS wanted (id)
JOIN audit.head h ON h.bucket = audit.bucket(wanted.id) AND h.stream = wanted.id
JOIN audit.stream_key k ON k.bucket = h.bucket AND k.stream = h.stream AND k.epoch = h.key_epoch
"""
_FACTS = """
SELECT f.stream, f.seq, f.ordinal, f.kind, f.subject, f.body
FROM unnest($1::bytea[], $2::bigint[], $3::bigint[]) AS wanted (id, after, last)
JOIN audit.fact f ON f.bucket = audit.bucket(wanted.id) AND f.stream = wanted.id
                 AND f.class = $4 AND f.seq > wanted.after AND f.seq <= wanted.last
ORDER BY f.bucket, f.stream, f.seq, f.ordinal
"""


@dataclass(frozen=True, slots=True)
class Entered:
    """What a batch finds.

    Locked heads, heads of foreign streams, claims used before (by place in the list asked for, with the hash of the
    body then), and the database's clock in UTC milliseconds.
    """

    heads: dict[bytes, Head]
    foreign: dict[bytes, Head]
    claims: dict[int, tuple[bytes, Claimed]]
    clock: int


@dataclass(frozen=True, slots=True)
class StoredStream:
    """A head with its current stream key, wrapped under the key of `month`."""

    head: Head
    month: str
    wrapped: bytes


async def settle(connection: Connection) -> None:
    """Fix how a lane's connection plans: once per statement, by index, never compiled.

    Batches are small and their keys are all indexed, so one plan fits every batch; making it anew costs more than it
    runs. The connection must not go back to a pool.
    """
    await connection.execute("SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off")


async def enter(
    connection: Connection, streams: Sequence[bytes], foreign: Sequence[bytes], claims: Sequence[Claim]
) -> Entered:
    """Lock the heads of `streams` in id order, then read foreign heads and claims, then the clock: one round trip."""
    routes = [claim.actor for claim in claims], [claim.route for claim in claims], [claim.key for claim in claims]
    found = Entered({}, {}, {}, 0)
    clock = 0
    for row in await connection.fetch(_ENTER, streams, foreign, *routes):
        part = row["part"]
        if part == "head":
            found.heads[row["stream"]] = _head(row)
        elif part == "foreign":
            found.foreign[row["stream"]] = _head(row)
        elif part == "claim":
            claimed = Claimed(row["stream"], row["seq"], row["event"], row["at"], row["kept"])
            found.claims[row["ordinal"] - 1] = (row["body"], claimed)
        else:
            clock = row["at"]
    return Entered(found.heads, found.foreign, found.claims, clock)


def _head(row: asyncpg.Record) -> Head:
    rules, items = Position(row["rules_seq"], row["rules_leaf"]), Position(row["items_seq"], row["items_leaf"])
    return Head(row["stream"], row["kind"], row["seq"], row["leaf"], row["at"], rules, items, row["key_epoch"])


async def append(connection: Connection, columns: Sequence[Any]) -> None:
    """Store a batch; `columns` are the arguments of audit.append, in order."""
    await connection.execute(_APPEND, *columns)


async def open_streams(
    connection: Connection, streams: Sequence[tuple[bytes, str, bytes]], first: bytes, month: str
) -> None:
    """Make heads of new streams: (id, kind, wrapped key) each; `first` is the leaf hash before the first event."""
    ids, kinds, wraps = zip(*streams, strict=True)
    await connection.execute("SELECT audit.open_streams($1, $2, $3, $4, $5)", ids, kinds, first, month, wraps)


async def next_key(connection: Connection, stream: bytes, epoch: int, seq: int, month: str, wrapped: bytes) -> None:
    """Store the key of a new epoch, which begins with event `seq`."""
    await connection.execute("SELECT audit.next_key($1, $2, $3, $4, $5)", stream, epoch, seq, month, wrapped)


async def run(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Execute one statement for each row of arguments, in one round trip."""
    if len(rows) == 1:
        await connection.execute(statement, *rows[0])
    else:
        await connection.executemany(statement, rows)


async def clock(connection: Connection) -> int:
    """Read the database's clock: UTC milliseconds."""
    now: int = await connection.fetchval("SELECT audit.now_ms()")
    return now


async def load_streams(connection: Connection, streams: Sequence[bytes]) -> dict[bytes, StoredStream]:
    """Read heads and their current wrapped keys, unlocked."""
    rows = await connection.fetch(_HEADS, streams)
    return {row["stream"]: StoredStream(_head(row), row["month"], row["wrapped"]) for row in rows}


class StoredFacts:
    """Facts of some streams as they were read. Each stream's are decoded when asked for: together they may be many."""

    def __init__(self, rows: Iterable[asyncpg.Record]) -> None:
        self._rows: dict[bytes, list[asyncpg.Record]] = {}
        for row in rows:
            self._rows.setdefault(row["stream"], []).append(row)

    def of(self, stream: bytes) -> list[FactRecord]:
        """Return one stream's facts, in order; nothing of it is kept here."""
        return [
            FactRecord(row["seq"], row["ordinal"], row["kind"], row["subject"], msgspec.json.decode(row["body"]))
            for row in self._rows.pop(stream, ())
        ]


async def load_facts(
    connection: Connection, spans: Iterable[tuple[bytes, int, int]], cls: str = "rules"
) -> StoredFacts:
    """Read facts of (stream, after, last): those of events after < seq <= last, in order.

    Rows up to a position that was read before are complete and never change: no snapshot is needed.
    """
    asked = list(spans)
    columns = zip(*asked, strict=True) if asked else ((), (), ())
    return StoredFacts(await connection.fetch(_FACTS, *columns, cls, timeout=FACTS_SECONDS))


def passes_by_itself(error: BaseException) -> bool:
    """Whether a transaction that was undone for this is sound when done again."""
    return isinstance(error, _AGAIN)


def is_down(error: BaseException) -> bool:
    """Whether the error is the server's state and not the statement's."""
    return isinstance(error, asyncpg.PostgresError) and str(error.sqlstate).startswith(_DOWN)


def is_repeated(error: BaseException) -> bool:
    """Whether the error says that something unique is there already."""
    return isinstance(error, asyncpg.UniqueViolationError)


def is_absent(error: BaseException) -> bool:
    """Whether the error says that what should be erased is not there."""
    return isinstance(error, asyncpg.NoDataFoundError)


async def old_wraps(connection: Connection, month: str, limit: int) -> list[tuple[bytes, int, str, bytes]]:
    """Return stream keys that are wrapped under another month than this, as (stream, epoch, month, wrapped)."""
    rows = await connection.fetch(
        "SELECT stream, epoch, month, wrapped FROM audit.stream_key WHERE month <> $1 LIMIT $2", month, limit
    )
    return [tuple(row) for row in rows]


async def rewrap(connection: Connection, month: str, rows: Sequence[tuple[bytes, int, str, bytes]]) -> None:
    """Replace wraps by those under `month`; rows are (stream, epoch, month of the old wrap, new wrap)."""
    streams, epochs, olds, wraps = zip(*rows, strict=True)
    await connection.execute("SELECT audit.rewrap_keys($1, $2, $3, $4, $5)", streams, epochs, olds, month, wraps)


async def forget_claims(pool: asyncpg.Pool, before: int) -> int:
    """Delete idempotency keys used before an instant (UTC milliseconds), none younger than seven days; return how many."""
    return int(await pool.fetchval("SELECT audit.forget_claims($1)", before))


async def count_wraps(connection: Connection, month: str) -> int:
    """Return how many stream keys are wrapped under the key of a month."""
    return int(await connection.fetchval("SELECT count(*) FROM audit.stream_key WHERE month = $1", month))
