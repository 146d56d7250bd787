"""Rows about epochs: when keys were made, who holds section keys by capsule, what waits, wraps under later roots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from asyncpg import Connection, Pool

from audit.entry import Write
from consent.terms import FOREVER
from dossier.dossiers.store import SectionKeyRow, section_keys
from dossier.epochs.losses import KINDS, Moment
from dossier.epochs.streamkey import STREAM_KEY

_INSERT_WRAP = "INSERT INTO dossier.section_wrap VALUES (audit.bucket($1), $1, $2, $3, $4, $5, $6)"
_INSERT_DUE = "INSERT INTO dossier.authority_due VALUES (audit.bucket($1), $1, $2, $3) ON CONFLICT DO NOTHING"
_DROP_DUE = """
DELETE FROM dossier.authority_due WHERE bucket = audit.bucket($1) AND dossier = $1 AND person = $2 AND look_at = $3
"""


class LastEpoch(NamedTuple):
    """The newest epoch of a stream's key that an event began: its number, SHA-256 of the key, when."""

    epoch: int
    key_hash: str
    moment: Moment


class SectionEpoch(NamedTuple):
    """One epoch of a section key: when it was made, and whether it is the newest."""

    section: str
    lane: str
    epoch: int
    made: Moment


class HeldKey(NamedTuple):
    """Somebody has a section key by capsule; `subject` is the consent, or the dossier for a holder's."""

    section: str
    lane: str
    epoch: int
    grantee: bytes
    subject: bytes


@dataclass(frozen=True, slots=True)
class EpochWant:
    """What tells whether the stream key's epoch must end: the newest epoch, and the times of authority facts by seq."""

    dossier: bytes

    @classmethod
    async def load(
        cls, connection: Connection, wants: Sequence[EpochWant]
    ) -> Mapping[EpochWant, tuple[LastEpoch | None, dict[int, int]]]:
        """Return both by want."""
        return {
            want: (await last_epoch(connection, want.dossier), await authority_times(connection, want.dossier))
            for want in wants
        }


@dataclass(frozen=True, slots=True)
class SectionsWant:
    """Every epoch of every section key of a dossier."""

    dossier: bytes

    @classmethod
    async def load(
        cls, connection: Connection, wants: Sequence[SectionsWant]
    ) -> Mapping[SectionsWant, Sequence[SectionKeyRow]]:
        """Return rows by want."""
        return {want: await section_keys(connection, want.dossier) for want in wants}


async def last_epoch(source: Connection | Pool, dossier: bytes) -> LastEpoch | None:
    """Return the newest epoch that an event began; None while the first key stands."""
    row = await source.fetchrow(
        """SELECT (convert_from(f.body, 'UTF8')::jsonb ->> 'epoch')::int AS epoch,
                  convert_from(f.body, 'UTF8')::jsonb ->> 'next' AS next, f.seq, e.at
           FROM audit.fact f JOIN audit.event e USING (bucket, stream, seq)
           WHERE f.bucket = audit.bucket($1) AND f.stream = $1 AND f.class = 'keys' AND f.kind = $2
           ORDER BY f.seq DESC LIMIT 1""",
        dossier,
        STREAM_KEY,
    )
    return None if row is None else LastEpoch(row["epoch"], row["next"], Moment(row["seq"], row["at"]))


async def authority_times(source: Connection | Pool, dossier: bytes) -> dict[int, int]:
    """Return the times (ms) of the events that changed authority, by seq."""
    rows = await source.fetch(
        """SELECT DISTINCT f.seq, e.at FROM audit.fact f JOIN audit.event e USING (bucket, stream, seq)
           WHERE f.bucket = audit.bucket($1) AND f.stream = $1 AND f.class = 'rules' AND f.kind = ANY($2)""",
        dossier,
        list(KINDS),
    )
    return {row["seq"]: row["at"] for row in rows}


def wrap_write(dossier: bytes, place: tuple[str, str, int], sequence: int, wrapped: bytes) -> Write:
    """Keep a section secret under the root of a later dossier key."""
    return Write(_INSERT_WRAP, (dossier, *place, sequence, wrapped))


def due_writes(dossier: bytes, holders: Iterable[Mapping[str, Any]]) -> tuple[Write, ...]:
    """Remember when the authority of those on a list ends by time."""
    return tuple(
        Write(_INSERT_DUE, (dossier, bytes.fromhex(each["person"]), each["until"]))
        for each in holders
        if each["until"] < FOREVER
    )


def drop_due(dossier: bytes, person: bytes, look_at: int) -> Write:
    """Look no more."""
    return Write(_DROP_DUE, (dossier, person, look_at))


class EpochStore:
    """Reading what tells which keys wait; every write goes through the group writer."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def last_epoch(self, dossier: bytes) -> LastEpoch | None:
        """Return the newest epoch of the stream key that an event began."""
        return await last_epoch(self._pool, dossier)

    async def authority_times(self, dossier: bytes) -> dict[int, int]:
        """Return the times of authority facts by seq."""
        return await authority_times(self._pool, dossier)

    async def dossier_key(self, dossier: bytes) -> Moment:
        """Return when the newest dossier key was made."""
        row = await self._pool.fetchrow(
            """SELECT s.seq, e.at FROM dossier.statement s
               JOIN audit.event e ON e.bucket = s.bucket AND e.stream = s.stream AND e.seq = s.seq
               WHERE s.bucket = audit.bucket($1) AND s.stream = $1 AND s.kind = 'dossier-key'
               ORDER BY s.seq DESC LIMIT 1""",
            dossier,
        )
        return Moment(row["seq"], row["at"])

    async def section_epochs(self, dossier: bytes) -> list[SectionEpoch]:
        """Return all epochs of all section keys, in order."""
        rows = await self._pool.fetch(
            """SELECT k.section, k.lane, k.epoch, s.seq, e.at FROM dossier.section_key k
               JOIN dossier.statement s ON s.bucket = k.bucket AND s.hash = k.statement
                    AND s.stream IS NOT DISTINCT FROM k.dossier
               JOIN audit.event e ON e.bucket = s.bucket AND e.stream = s.stream AND e.seq = s.seq
               WHERE k.bucket = audit.bucket($1) AND k.dossier = $1 ORDER BY k.section, k.lane, k.epoch""",
            dossier,
        )
        return [SectionEpoch(row["section"], row["lane"], row["epoch"], Moment(row["seq"], row["at"])) for row in rows]

    async def held_keys(self, dossier: bytes) -> list[HeldKey]:
        """Return who has which section key by capsule."""
        rows = await self._pool.fetch(
            """SELECT DISTINCT k.section, k.lane, k.epoch, k.grantee, s.subject FROM dossier.capsule_key k
               JOIN dossier.statement s ON s.bucket = k.bucket AND s.hash = k.statement
                    AND s.stream IS NOT DISTINCT FROM k.dossier
               WHERE k.bucket = audit.bucket($1) AND k.dossier = $1 AND k.item = ''::bytea""",
            dossier,
        )
        return [HeldKey(*row.values()) for row in rows]

    async def event_times(self, dossier: bytes, seqs: Iterable[int]) -> dict[int, int]:
        """Return the times (ms) of events by seq."""
        rows = await self._pool.fetch(
            """SELECT seq, at FROM audit.event
               WHERE bucket = audit.bucket($1) AND stream = $1 AND seq = ANY($2::bigint[])""",
            dossier,
            sorted(set(seqs)),
        )
        return {row["seq"]: row["at"] for row in rows}

    async def arrivals(self, dossier: bytes) -> dict[bytes, Moment]:
        """Return when the newest version of each item came."""
        rows = await self._pool.fetch(
            """SELECT DISTINCT ON (i.item) i.item, v.seq, e.at FROM dossier.item i
               JOIN dossier.item_version v ON v.bucket = i.bucket AND v.item = i.item
               JOIN audit.event e ON e.bucket = i.bucket AND e.stream = i.dossier AND e.seq = v.seq
               WHERE i.bucket = audit.bucket($1) AND i.dossier = $1 ORDER BY i.item, v.version DESC""",
            dossier,
        )
        return {row["item"]: Moment(row["seq"], row["at"]) for row in rows}

    async def due(self, now: int, most: int) -> list[tuple[bytes, bytes, int]]:
        """Return (dossier, person, instant) of authority to look at by `now`."""
        rows = await self._pool.fetch(
            "SELECT dossier, person, look_at FROM dossier.authority_due WHERE look_at <= $1 ORDER BY look_at LIMIT $2",
            now,
            most,
        )
        return [tuple(row.values()) for row in rows]

    async def forget(self, dossier: bytes, person: bytes, look_at: int) -> None:
        """Look no more."""
        await self._pool.execute(_DROP_DUE, dossier, person, look_at)
