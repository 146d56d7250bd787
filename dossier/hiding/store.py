"""Rows of what was hidden: the outbox by which dossiers hear of it, and what they were told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from asyncpg import Connection, Pool

from audit.entry import Write
from dossier.parties.actor import Actor

KIND = "hidden"
_INSERT = "INSERT INTO dossier.outbox (bucket, kind, target, body, due) VALUES (audit.bucket($1), $2, $1, $3, $4)"
_DELETE = "DELETE FROM dossier.outbox WHERE bucket = $1 AND id = $2"
_TELL = "INSERT INTO dossier.told VALUES (audit.bucket($1), $1, $2, $3, $4) ON CONFLICT DO NOTHING"


class Knock(msgspec.Struct, frozen=True):
    """One hidden request: who asked for the target, in what words; ids in hex, time in UTC seconds."""

    actor: str
    organisation: str
    role: str
    action: str
    purpose: str
    reason: str
    at: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of the outbox with the dossier of its target, None if the target does not exist."""

    bucket: int
    id: int
    target: bytes
    knock: Knock
    dossier: bytes | None


def hidden_write(actor: Actor, target: bytes, action: str, purpose: str, reason: str, role: str, now: int) -> Write:
    """The row that every hidden answer leaves, whether or not its target exists."""
    organisation = actor.organisation.hex() if actor.organisation else ""
    knock = Knock(actor.id.hex(), organisation, role, action, purpose, reason, now)
    return Write(_INSERT, (target, KIND, msgspec.json.encode(knock), now))


def told_writes(told: ToldKey, rows: Sequence[Waiting]) -> tuple[Write, ...]:
    """Drop these rows and remember what was told, in the transaction of the event that tells it."""
    mark = Write(_TELL, (told.dossier, told.actor, told.reason, told.hour))
    return (mark, *(Write(_DELETE, (row.bucket, row.id)) for row in rows))


@dataclass(frozen=True, slots=True)
class ToldKey:
    """A dossier hears of the same actor, reason and hour at most twice: at once, and when the hour is over."""

    dossier: bytes
    actor: bytes
    reason: str
    hour: int


@dataclass(frozen=True, slots=True)
class ToldWant:
    """Whether these rows are still there, and so still to be told."""

    rows: tuple[tuple[int, int], ...]

    @classmethod
    async def load(cls, connection: Connection, wants: Sequence[ToldWant]) -> Mapping[ToldWant, bool]:
        """Return True by want if all its rows are there."""
        keys = sorted({key for want in wants for key in want.rows})
        rows = await connection.fetch(
            """SELECT o.bucket, o.id FROM unnest($1::int[], $2::bigint[]) AS w (bucket, id)
               JOIN dossier.outbox o ON o.bucket = w.bucket AND o.id = w.id""",
            [bucket for bucket, _ in keys],
            [number for _, number in keys],
        )
        there = {(row["bucket"], row["id"]) for row in rows}
        return {want: True for want in wants if there.issuperset(want.rows)}


class HiddenStore:
    """Reading the outbox of hidden requests."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def due(self, now: int, most: int) -> list[Waiting]:
        """Return rows that are due, oldest first, with the dossier of each target."""
        rows = await self._pool.fetch(
            """SELECT o.bucket, o.id, o.target, o.body, coalesce(i.dossier, d.dossier, c.stream) AS dossier
               FROM dossier.outbox o
               LEFT JOIN dossier.item i ON i.bucket = o.bucket AND i.item = o.target
               LEFT JOIN dossier.dossier d ON d.bucket = o.bucket AND d.dossier = o.target
               LEFT JOIN LATERAL (
                   SELECT s.stream FROM dossier.statement s
                   WHERE s.bucket = o.bucket AND s.subject = o.target AND s.kind = 'consent' ORDER BY s.seq LIMIT 1
               ) c ON true
               WHERE o.kind = $1 AND o.due <= $2 ORDER BY o.due, o.id LIMIT $3""",
            KIND,
            now,
            most,
        )
        return [
            Waiting(
                row["bucket"], row["id"], row["target"], msgspec.json.decode(row["body"], type=Knock), row["dossier"]
            )
            for row in rows
        ]

    async def was_told(self, keys: Sequence[ToldKey]) -> set[ToldKey]:
        """Return those of which the dossier has heard before."""
        rows = await self._pool.fetch(
            """SELECT t.dossier, t.actor, t.reason, t.hour
               FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::bigint[]) AS w (dossier, actor, reason, hour)
               JOIN dossier.told t ON t.bucket = audit.bucket(w.dossier) AND t.dossier = w.dossier
                    AND t.actor = w.actor AND t.reason = w.reason AND t.hour = w.hour""",
            [key.dossier for key in keys],
            [key.actor for key in keys],
            [key.reason for key in keys],
            [key.hour for key in keys],
        )
        return {ToldKey(*row.values()) for row in rows}

    async def postpone(self, rows: Sequence[Waiting], due: int) -> None:
        """Let rows wait until later."""
        await self._pool.execute(
            """UPDATE dossier.outbox o SET due = $3 FROM unnest($1::int[], $2::bigint[]) AS w (bucket, id)
               WHERE o.bucket = w.bucket AND o.id = w.id""",
            [row.bucket for row in rows],
            [row.id for row in rows],
            due,
        )

    async def drop(self, rows: Sequence[Waiting]) -> None:
        """Forget rows whose target does not exist: there is nobody to tell."""
        await self._pool.execute(
            """DELETE FROM dossier.outbox o USING unnest($1::int[], $2::bigint[]) AS w (bucket, id)
               WHERE o.bucket = w.bucket AND o.id = w.id""",
            [row.bucket for row in rows],
            [row.id for row in rows],
        )

    async def forget_told(self, before: int) -> None:
        """Drop marks of hours that are long over."""
        await self._pool.execute("DELETE FROM dossier.told WHERE hour < $1", before)
