"""Rows of readings: everything that one answer is made of in one statement, signing keys, leases."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from asyncpg import Connection, Pool

from audit.entry import Write
from dossier.items.state import ItemState, compile_item

INLINE_LIMIT = 68_000
"""Ciphertext bytes of all parts together up to which a reading carries its content (64 KiB with framing)."""

INSERT_READING = """
INSERT INTO dossier.reading
SELECT audit.bucket(r.reading), r.*
FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::int[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bigint[],
            $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::bytea[]) AS r (reading)
"""
_MATERIAL = """
SELECT w.ordinal, v.version, v.header_hash, v.header, v.sealed_key, v.sealed_metadata, f.seqs, f.kinds, f.bodies,
       p.numbers, p.lengths, p.contents, p.objects, a.sections, a.lanes, a.epochs, a.wraps, s.placements, s.sealed,
       c.capsules, c.consents
FROM unnest($1::bytea[], $2::bytea[], $3::int[], $4::bytea[], $5::text[], $6::text[])
     WITH ORDINALITY AS w (dossier, item, version, grantee, section, lane, ordinal)
CROSS JOIN LATERAL (
    SELECT * FROM dossier.item_version n
    WHERE n.bucket = audit.bucket(w.item) AND n.item = w.item AND (w.version = 0 OR n.version = w.version)
    ORDER BY n.version DESC LIMIT 1) v
CROSS JOIN LATERAL (
    SELECT array_agg(t.seq ORDER BY t.seq, t.ordinal) AS seqs, array_agg(t.kind ORDER BY t.seq, t.ordinal) AS kinds,
           array_agg(t.body ORDER BY t.seq, t.ordinal) AS bodies
    FROM audit.fact t
    WHERE t.bucket = audit.bucket(w.dossier) AND t.subject = w.item AND t.class = 'items'
      AND t.stream IS NOT DISTINCT FROM w.dossier) f
CROSS JOIN LATERAL (
    SELECT array_agg(o.part ORDER BY o.part) AS numbers, array_agg(o.length ORDER BY o.part) AS lengths,
           array_agg(o.object ORDER BY o.part) AS objects,
           CASE WHEN sum(o.length) <= $7 THEN array_agg(o.content ORDER BY o.part) END AS contents
    FROM dossier.part o WHERE o.bucket = v.bucket AND o.item = w.item AND o.version = v.version) p
CROSS JOIN LATERAL (
    SELECT array_agg(x.section) AS sections, array_agg(x.lane) AS lanes, array_agg(x.epoch) AS epochs,
           array_agg(x.wrapped) AS wraps
    FROM dossier.wrap x WHERE x.bucket = v.bucket AND x.item = w.item AND x.version = v.version) a
CROSS JOIN LATERAL (
    SELECT array_agg(m.envelope ORDER BY m.seq) AS placements, array_agg(y.sealed ORDER BY m.seq) AS sealed
    FROM dossier.placed_key y
    CROSS JOIN LATERAL (
        SELECT * FROM dossier.statement n WHERE n.bucket = audit.bucket(w.dossier) AND n.hash = y.placement
                                            AND n.stream IS NOT DISTINCT FROM w.dossier LIMIT 1) m
    WHERE y.bucket = v.bucket AND y.item = w.item AND y.version IN (0, v.version)) s
CROSS JOIN LATERAL (
    SELECT array_agg(b.body ORDER BY b.at, b.hash) AS capsules, array_agg(g.subject ORDER BY b.at, b.hash) AS consents
    FROM (
        SELECT k.capsule FROM dossier.capsule_key k
        WHERE k.bucket = audit.bucket(w.dossier) AND k.dossier = w.dossier AND k.grantee = w.grantee
          AND k.item = w.item AND k.section = '' AND k.lane = ''
        UNION
        SELECT k.capsule FROM dossier.capsule_key k
        WHERE k.bucket = audit.bucket(w.dossier) AND k.dossier = w.dossier AND k.grantee = w.grantee
          AND k.item = ''::bytea AND k.section = w.section AND k.lane = w.lane) h
    CROSS JOIN LATERAL (
        SELECT * FROM dossier.capsule n WHERE n.bucket = audit.bucket(w.dossier) AND n.hash = h.capsule
                                          AND n.dossier IS NOT DISTINCT FROM w.dossier LIMIT 1) b
    CROSS JOIN LATERAL (
        SELECT * FROM dossier.statement n WHERE n.bucket = audit.bucket(w.dossier) AND n.hash = b.statement
                                            AND n.stream IS NOT DISTINCT FROM w.dossier LIMIT 1) g) c
"""


class Part(NamedTuple):
    """One sealed part: how many bytes, and the bytes themselves or the name under which they are kept."""

    length: int
    content: bytes | None
    object: str | None


class Wrap(NamedTuple):
    """The item key as a holder of a section wrapped it again for later lists."""

    section: str
    lane: str
    epoch: int
    wrapped: bytes


class Material(msgspec.Struct, frozen=True):
    """All that a permitted reading releases of one version, and the item's state by which it is decided.

    `capsules` are (consent, capsule) of every consent that ever named the grantee for this place or item.
    """

    state: ItemState
    version: int
    header_hash: bytes
    header: bytes
    sealed_key: bytes
    sealed_metadata: bytes
    placement: bytes
    placed_key: bytes
    parts: tuple[Part, ...]
    wraps: tuple[Wrap, ...]
    capsules: tuple[tuple[bytes, bytes], ...]
    inline: bool


class ReadingWant(msgspec.Struct, frozen=True):
    """The material of one version (0: the newest) for one grantee; section and lane are those whose keys may help."""

    dossier: bytes
    item: bytes
    version: int
    grantee: bytes
    section: str
    lane: str

    @classmethod
    async def load(cls, connection: Connection, wants: Sequence[ReadingWant]) -> Mapping[ReadingWant, Material]:
        """Return what is there, by want: one statement for the whole batch."""
        rows = await connection.fetch(
            _MATERIAL,
            [want.dossier for want in wants],
            [want.item for want in wants],
            [want.version for want in wants],
            [want.grantee for want in wants],
            [want.section for want in wants],
            [want.lane for want in wants],
            INLINE_LIMIT,
        )
        found = {wants[row["ordinal"] - 1]: row for row in rows if row["seqs"]}
        material = {want: _material(want.item, row) for want, row in found.items()}
        return {want: each for want, each in material.items() if each is not None}


def _material(item: bytes, row: Mapping[str, Any]) -> Material | None:
    state = _state(item, tuple(row["seqs"]), tuple(row["kinds"]), tuple(row["bodies"]))
    if state is None or state.removed:
        return None
    contents = row["contents"] or [None] * len(row["lengths"])
    wraps = zip(row["sections"] or (), row["lanes"] or (), row["epochs"] or (), row["wraps"] or (), strict=True)
    return Material(
        state=state,
        version=row["version"],
        header_hash=row["header_hash"],
        header=row["header"],
        sealed_key=row["sealed_key"],
        sealed_metadata=row["sealed_metadata"],
        placement=row["placements"][-1] if row["placements"] else b"",
        placed_key=row["sealed"][-1] if row["sealed"] else b"",
        parts=tuple(Part(*part) for part in zip(row["lengths"], contents, row["objects"], strict=True)),
        wraps=tuple(Wrap(*wrap) for wrap in wraps),
        capsules=tuple(zip(row["consents"] or (), row["capsules"] or (), strict=True)),
        inline=all(content is not None for content in contents),
    )


@functools.lru_cache(maxsize=4_096)
def _state(item: bytes, seqs: tuple[int, ...], kinds: tuple[str, ...], bodies: tuple[bytes, ...]) -> ItemState | None:
    """Fold an item's facts; remembered by the facts themselves, which never change."""
    records = zip(seqs, kinds, map(msgspec.json.decode, bodies), strict=True)
    return compile_item(item.hex(), records)


class Place(NamedTuple):
    """Where an item stands: its dossier, section and lane."""

    dossier: bytes
    section: str
    lane: str


class ReadingRow(msgspec.Struct, frozen=True):
    """A permitted reading: whose, of what, until when it may be read on, and what it was decided on."""

    reading: bytes
    dossier: bytes
    item: bytes
    version: int
    actor: bytes
    organisation: bytes | None
    nonce: bytes
    seq: int
    at: int
    lease_until: int
    holds_until: int
    state: str
    context: bytes

    def write(self) -> Write:
        """The statement that keeps it, in the transaction of its event."""
        return Write(
            INSERT_READING,
            (
                *(self.reading, self.dossier, self.item, self.version, self.actor, self.organisation, self.nonce),
                *(self.seq, self.at, self.lease_until, self.holds_until, self.state, self.context),
            ),
            columns=True,
        )


class EventRow(NamedTuple):
    """A stored event: id, leaf of 97 bytes, time (UTC milliseconds), and what its month's key opens."""

    event: bytes
    leaf: bytes
    at: int
    month: str
    seed: bytes
    sealed: bytes


STOP_READING = "UPDATE dossier.reading SET state = 'stopped' WHERE bucket = audit.bucket($1) AND reading = $1"


class ReadingStore:
    """Reading what readings need outside the writer."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def places(self, items: Sequence[bytes]) -> dict[bytes, Place]:
        """Return where these items stand, those that exist."""
        rows = await self._pool.fetch(
            """SELECT i.item, i.dossier, f.body FROM unnest($1::bytea[]) AS w (item)
               JOIN dossier.item i ON i.bucket = audit.bucket(w.item) AND i.item = w.item
               CROSS JOIN LATERAL (
                   SELECT t.body FROM audit.fact t
                   WHERE t.bucket = audit.bucket(i.dossier) AND t.subject = i.item AND t.class = 'items'
                     AND t.stream IS NOT DISTINCT FROM i.dossier AND t.kind IN ('item-version', 'placement')
                   ORDER BY t.kind DESC, CASE WHEN t.kind = 'placement' THEN -t.seq ELSE t.seq END LIMIT 1) f""",
            list(items),
        )
        return {row["item"]: _place(row) for row in rows}

    async def reading(self, reading: bytes) -> ReadingRow | None:
        """Return a permitted reading by its id."""
        row = await self._pool.fetchrow(
            """SELECT reading, dossier, item, version, actor, organisation, nonce, seq, at, lease_until, holds_until,
                      state, context
               FROM dossier.reading WHERE bucket = audit.bucket($1) AND reading = $1""",
            reading,
        )
        return None if row is None else ReadingRow(**row)

    async def extend(self, reading: bytes, lease_until: int) -> None:
        """Move the end of a lease; it never moves back."""
        await self._pool.execute(
            """UPDATE dossier.reading SET lease_until = $2
               WHERE bucket = audit.bucket($1) AND reading = $1 AND lease_until < $2""",
            reading,
            lease_until,
        )

    async def stopped(self, readings: Sequence[bytes]) -> list[bytes]:
        """Return those of some readings that were stopped."""
        rows = await self._pool.fetch(
            """SELECT r.reading FROM unnest($1::bytea[]) AS w (reading)
               JOIN dossier.reading r ON r.bucket = audit.bucket(w.reading) AND r.reading = w.reading
               WHERE r.state = 'stopped'""",
            list(readings),
        )
        return [row["reading"] for row in rows]

    async def part(self, item: bytes, version: int, part: int) -> Part | None:
        """Return one sealed part."""
        row = await self._pool.fetchrow(
            """SELECT length, content, object FROM dossier.part
               WHERE bucket = audit.bucket($1) AND item = $1 AND version = $2 AND part = $3""",
            item,
            version,
            part,
        )
        return None if row is None else Part(*row.values())

    async def lengths(self, item: bytes, version: int) -> list[int]:
        """Return how many bytes each part of a version has."""
        rows = await self._pool.fetch(
            """SELECT length FROM dossier.part
               WHERE bucket = audit.bucket($1) AND item = $1 AND version = $2 ORDER BY part""",
            item,
            version,
        )
        return [row["length"] for row in rows]

    async def material(self, want: ReadingWant) -> Material | None:
        """Return what a reading would be decided on and made of now."""
        async with self._pool.acquire() as connection:
            return (await ReadingWant.load(connection, (want,))).get(want)

    async def event(self, stream: bytes, seq: int) -> EventRow | None:
        """Return one event with its sealed seed and payload, None if it was erased."""
        row = await self._pool.fetchrow(
            """SELECT e.event, e.leaf, e.at, p.month, p.seed, p.sealed
               FROM audit.event e JOIN audit.payload p ON p.bucket = e.bucket AND p.stream = e.stream AND p.seq = e.seq
               WHERE e.bucket = audit.bucket($1) AND e.stream = $1 AND e.seq = $2""",
            stream,
            seq,
        )
        return None if row is None else EventRow(*row.values())

    async def save_uses(self, used: Mapping[str, int], states: Mapping[bytes, str]) -> None:
        """Note last uses of consents (hex ids) and how far releases came."""
        if used:
            await self._pool.execute(
                """INSERT INTO dossier.consent_use (bucket, consent, used)
                   SELECT audit.bucket(u.consent), u.consent, u.used FROM unnest($1::bytea[], $2::bigint[])
                   AS u (consent, used) ORDER BY u.consent
                   ON CONFLICT (bucket, consent) DO UPDATE SET used = greatest(consent_use.used, excluded.used)""",
                [bytes.fromhex(consent) for consent in used],
                list(used.values()),
            )
        if states:
            await self._pool.execute(
                """UPDATE dossier.reading r SET state = s.state FROM unnest($1::bytea[], $2::text[]) AS s (reading, state)
                   WHERE r.bucket = audit.bucket(s.reading) AND r.reading = s.reading AND r.state <> 'stopped'""",
                list(states),
                list(states.values()),
            )

    async def signing_keys(self, stream: bytes, actor: bytes) -> list[str]:
        """Return the signing keys (base64) that the stream ever named for a person or system."""
        rows = await self._pool.fetch(
            """SELECT kind, subject, body FROM audit.fact
               WHERE bucket = audit.bucket($1) AND stream = $1 AND class = 'rules'
                 AND kind IN ('key-chain', 'system-attestation')""",
            stream,
        )
        bodies = [msgspec.json.decode(row["body"]) for row in rows]
        wanted = actor.hex()
        return [body["signingKey"] for body in bodies if wanted in (body.get("person"), body.get("system"))]


def _place(row: Mapping[str, Any]) -> Place:
    body = msgspec.json.decode(row["body"])
    return Place(row["dossier"], body["section"], body["lane"])
