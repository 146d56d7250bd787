"""Rows of sharing: consents as signed, the keys in their capsules, last uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from asyncpg import Connection, Pool

from audit.entry import Write
from crypto.capsules import Capsule
from crypto.encoding import parse_u64, sha256
from dossier.dossiers.store import capsule_writes
from dossier.items.state import ItemState
from dossier.items.store import fold_items

_INSERT_KEY = """
INSERT INTO dossier.capsule_key VALUES (audit.bucket($1), $1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING
"""


_INSERT_DUE = "INSERT INTO dossier.consent_due VALUES (audit.bucket($1), $1, $2, $3, $4)"
_DROP_DUE = "DELETE FROM dossier.consent_due WHERE bucket = audit.bucket($1) AND consent = $1"


class SharedRow(NamedTuple):
    """A stored consent: its dossier, statement hash, kind-specific subject and the envelope as signed."""

    dossier: bytes
    consent: bytes
    hash: bytes
    seq: int
    envelope: bytes


@dataclass(frozen=True, slots=True)
class AllItemsWant:
    """The states of all items of a dossier, by item: for judging what a consent covers."""

    dossier: bytes

    @classmethod
    async def load(
        cls, connection: Connection, wants: Sequence[AllItemsWant]
    ) -> Mapping[AllItemsWant, Mapping[bytes, ItemState]]:
        """Return states by want; a dossier without items gives an empty mapping."""
        rows = await connection.fetch(
            """SELECT f.stream, f.subject, f.seq, f.kind, f.body FROM unnest($1::bytea[]) AS w (dossier)
               JOIN audit.fact f ON f.bucket = audit.bucket(w.dossier) AND f.stream = w.dossier AND f.class = 'items'
               ORDER BY f.seq, f.ordinal""",
            [want.dossier for want in wants],
        )
        found: dict[AllItemsWant, dict[bytes, ItemState]] = {want: {} for want in wants}
        for (dossier, item), state in fold_items(rows).items():
            found[cls(dossier)][item] = state
        return found


@dataclass(frozen=True, slots=True)
class UsedIdWant:
    """Whether an id stands for something in a stream already, or for a consent of any dossier, be it a proposed one."""

    stream: bytes
    id: bytes

    @classmethod
    async def load(cls, connection: Connection, wants: Sequence[UsedIdWant]) -> Mapping[UsedIdWant, bool]:
        """Return True for ids in use."""
        rows = await connection.fetch(
            """SELECT DISTINCT f.stream, f.subject FROM unnest($1::bytea[], $2::bytea[]) AS w (stream, id)
               JOIN audit.fact f ON f.bucket = audit.bucket(w.stream) AND f.subject = w.id
                    AND f.stream IS NOT DISTINCT FROM w.stream
               UNION SELECT w.stream, w.id FROM unnest($1::bytea[], $2::bytea[]) AS w (stream, id)
               JOIN dossier.statement s ON s.bucket = audit.bucket(w.id) AND s.subject = w.id AND s.kind = 'consent'""",
            [want.stream for want in wants],
            [want.id for want in wants],
        )
        return {cls(*row.values()): True for row in rows}


@dataclass(frozen=True, slots=True)
class CapsuleCountWant:
    """How many capsules one adder gave each grantee under one statement of a dossier."""

    dossier: bytes
    statement: bytes
    adder: bytes

    @classmethod
    async def load(
        cls, connection: Connection, wants: Sequence[CapsuleCountWant]
    ) -> Mapping[CapsuleCountWant, Mapping[bytes, int]]:
        """Return counts by grantee, by want; nothing where there are none."""
        rows = await connection.fetch(
            """SELECT c.dossier, c.statement, c.adder, c.grantee, count(*) AS kept
               FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) AS w (dossier, statement, adder)
               JOIN dossier.capsule c ON c.bucket = audit.bucket(w.dossier) AND c.statement = w.statement
                    AND c.dossier IS NOT DISTINCT FROM w.dossier AND c.adder = w.adder
               GROUP BY c.dossier, c.statement, c.adder, c.grantee""",
            [want.dossier for want in wants],
            [want.statement for want in wants],
            [want.adder for want in wants],
        )
        found: dict[CapsuleCountWant, dict[bytes, int]] = {}
        for row in rows:
            found.setdefault(cls(row["dossier"], row["statement"], row["adder"]), {})[row["grantee"]] = row["kept"]
        return found


def due_write(consent: bytes, dossier: bytes, case: bytes | None, look_at: int) -> Write:
    """Remember when to look whether a consent has ended."""
    return Write(_INSERT_DUE, (consent, dossier, case, look_at))


def drop_due(consent: bytes) -> Write:
    """Look no more: the consent has ended."""
    return Write(_DROP_DUE, (consent,))


def shared_writes(
    dossier: bytes, capsules: Iterable[Capsule], now: int, adder: bytes | None = None
) -> tuple[Write, ...]:
    """Keep capsules of a consent, with the keys in them so that a reading finds those it needs."""
    kept = list(capsules)
    keys = (write for capsule in kept for write in _key_writes(dossier, capsule))
    return (*capsule_writes(dossier, kept, now, adder), *keys)


def _key_writes(dossier: bytes, capsule: Capsule) -> Iterable[Write]:
    digest = sha256(capsule.encode())
    for key_id in capsule.key_ids:
        if key_id.kind == "item":
            item, version, _core = key_id.fields
            place = (item, "", "", 0, parse_u64(version))
        elif key_id.kind == "section":
            _dossier, section, lane, epoch = key_id.fields
            place = (b"", section.decode(), lane.decode(), parse_u64(epoch), 0)
        else:  # a holder opens the dossier's own keys, which no reading looks for
            continue
        yield Write(_INSERT_KEY, (dossier, capsule.grantee, *place, capsule.statement_hash, digest))


class SharingStore:
    """Reading what was shared; every write goes through the group writer."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def consent(self, consent: bytes) -> SharedRow | None:
        """Return a consent by its id, ended or not."""
        row = await self._pool.fetchrow(
            """SELECT stream, subject, hash, seq, envelope FROM dossier.statement
               WHERE bucket = audit.bucket($1) AND subject = $1 AND kind = 'consent' ORDER BY seq LIMIT 1""",
            consent,
        )
        return None if row is None else SharedRow(*row.values())

    async def consents(self, dossier: bytes) -> list[SharedRow]:
        """Return all consents of a dossier, ended or not, in the order of their events."""
        rows = await self._pool.fetch(
            """SELECT stream, subject, hash, seq, envelope FROM dossier.statement
               WHERE bucket = audit.bucket($1) AND stream = $1 AND kind = 'consent' ORDER BY seq""",
            dossier,
        )
        return [SharedRow(*row.values()) for row in rows]

    async def ends(self, dossier: bytes) -> dict[str, tuple[int, str]]:
        """Return when and how consents of a dossier ended: seq of the event and reason code, by consent id (hex)."""
        rows = await self._pool.fetch(
            """SELECT f.seq, f.kind, convert_from(f.body, 'UTF8')::jsonb ->> 'consent' AS consent,
                      convert_from(f.body, 'UTF8')::jsonb ->> 'reason' AS reason,
                      convert_from(f.body, 'UTF8')::jsonb ->> 'replaces' AS replaces
               FROM audit.fact f WHERE f.bucket = audit.bucket($1) AND f.stream = $1 AND f.class = 'rules'
                 AND f.kind IN ('withdrawal', 'consent-ended', 'consent') ORDER BY f.seq, f.ordinal""",
            dossier,
        )
        ended: dict[str, tuple[int, str]] = {}
        for row in rows:
            if row["kind"] == "consent":
                if row["replaces"]:
                    ended.setdefault(row["replaces"], (row["seq"], "replaced"))
            else:
                reason = row["reason"] if row["kind"] == "consent-ended" else "withdrawn"
                ended.setdefault(row["consent"], (row["seq"], reason))
        return ended

    async def capsules(self, dossier: bytes, statement: bytes) -> list[tuple[bytes, bytes]]:
        """Return (grantee, capsule) of one consent's statement, oldest first."""
        rows = await self._pool.fetch(
            """SELECT grantee, body FROM dossier.capsule
               WHERE bucket = audit.bucket($1) AND dossier IS NOT DISTINCT FROM $1 AND statement = $2
               ORDER BY at, hash""",
            dossier,
            statement,
        )
        return [(row["grantee"], row["body"]) for row in rows]

    async def key_statements(self, dossier: bytes, consent: bytes, places: Sequence[tuple[str, str]]) -> list[bytes]:
        """Return what a grantee holds a consent (by its statement hash) and its keys against, in order.

        These are the dossier keys, the authority lists, the countersignatures of the consent, and the keys of all
        epochs of these sections and lanes.
        """
        rows = await self._pool.fetch(
            """SELECT s.envelope FROM dossier.statement s
               WHERE s.bucket = audit.bucket($1) AND s.stream = $1 AND (s.kind IN ('dossier-key', 'authority-list')
                   OR s.kind = 'countersignature' AND s.subject = $4 OR s.hash IN (
                   SELECT k.statement FROM unnest($2::text[], $3::text[]) AS w (section, lane)
                   JOIN dossier.section_key k ON k.bucket = audit.bucket($1) AND k.dossier = $1
                        AND k.section = w.section AND k.lane = w.lane))
               ORDER BY s.seq, s.hash""",
            dossier,
            [section for section, _ in places],
            [lane for _, lane in places],
            consent[:16],
        )
        return [row["envelope"] for row in rows]

    async def last_uses(self, consents: Sequence[bytes]) -> dict[bytes, int]:
        """Return when consents were last used (UTC seconds), those that ever were."""
        rows = await self._pool.fetch(
            """SELECT u.consent, u.used FROM unnest($1::bytea[]) AS w (consent)
               JOIN dossier.consent_use u ON u.bucket = audit.bucket(w.consent) AND u.consent = w.consent""",
            list(consents),
        )
        return {row["consent"]: row["used"] for row in rows}

    async def due(self, now: int, most: int) -> list[tuple[bytes, bytes, bytes | None]]:
        """Return (dossier, consent, case) of consents to look at by `now`."""
        rows = await self._pool.fetch(
            "SELECT dossier, consent, case_id FROM dossier.consent_due WHERE look_at <= $1 ORDER BY look_at LIMIT $2",
            now,
            most,
        )
        return [tuple(row.values()) for row in rows]

    async def look_again(self, consent: bytes, at: int) -> None:
        """Look at a consent again at an instant; 0: never."""
        if at:
            await self._pool.execute(
                "UPDATE dossier.consent_due SET look_at = $2 WHERE bucket = audit.bucket($1) AND consent = $1",
                consent,
                at,
            )
        else:
            await self._pool.execute(_DROP_DUE, consent)
