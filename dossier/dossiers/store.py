"""Rows of dossiers: where they are found, their statements, section keys and capsules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from asyncpg import Connection, Pool

from audit.entry import Write
from crypto.capsules import Capsule
from crypto.encoding import decode_base64, sha256
from crypto.keys import key_hash
from crypto.statements import Statement

INSERT_DOSSIER = "INSERT INTO dossier.dossier VALUES (audit.bucket($1), $1, $2, $3, $4)"
INSERT_ADDRESS = "INSERT INTO dossier.address VALUES (audit.bucket($1), $1, $2, $3, $4)"
INSERT_STATEMENT = "INSERT INTO dossier.statement VALUES (audit.bucket($1), $1, $2, $3, $4, $5, $6)"
INSERT_SECTION_KEY = "INSERT INTO dossier.section_key VALUES (audit.bucket($1), $1, $2, $3, $4, $5, $6, $7, $8)"
INSERT_CAPSULE = "INSERT INTO dossier.capsule VALUES (audit.bucket($1), $1, $2, $3, $4, $5, $6, $7)"


@dataclass(frozen=True, slots=True)
class AddressWant:
    """The dossier that an identifier's HMAC leads to."""

    identifier: bytes

    @classmethod
    async def load(cls, connection: Connection, wants: Sequence[AddressWant]) -> Mapping[AddressWant, bytes]:
        """Return dossier ids by want."""
        rows = await connection.fetch(
            "SELECT hmac, dossier FROM dossier.address"
            " WHERE (bucket, hmac) IN (SELECT audit.bucket(w), w FROM unnest($1::bytea[]) AS w)",
            [want.identifier for want in wants],
        )
        return {cls(row["hmac"]): row["dossier"] for row in rows}


class SectionKeyRow(NamedTuple):
    """One epoch of a section key: what is public of it, the hash of its statement, the wrapped secret.

    `sequence` is that of the dossier key whose root wraps the secret.
    """

    section: str
    lane: str
    epoch: int
    public_hash: bytes
    statement: bytes
    wrapped: bytes
    sequence: int


@dataclass(frozen=True, slots=True)
class SectionWant:
    """The current key of one section and lane of a dossier."""

    dossier: bytes
    section: str
    lane: str

    @classmethod
    async def load(cls, connection: Connection, wants: Sequence[SectionWant]) -> Mapping[SectionWant, SectionKeyRow]:
        """Return the newest epoch by want."""
        rows = await connection.fetch(
            """SELECT DISTINCT ON (k.dossier, k.section, k.lane) k.dossier, k.section, k.lane, k.epoch, k.public_hash,
                      k.statement, k.wrapped, k.sequence
               FROM unnest($1::bytea[], $2::text[], $3::text[]) AS w (dossier, section, lane)
               JOIN dossier.section_key k ON k.bucket = audit.bucket(w.dossier) AND k.dossier = w.dossier
                    AND k.section = w.section AND k.lane = w.lane
               ORDER BY k.dossier, k.section, k.lane, k.epoch DESC""",
            [want.dossier for want in wants],
            [want.section for want in wants],
            [want.lane for want in wants],
        )
        return {cls(row["dossier"], row["section"], row["lane"]): SectionKeyRow(*tuple(row)[1:]) for row in rows}


@dataclass(frozen=True, slots=True)
class KeyHoldersWant:
    """Who holds the current key of a section and lane by capsule: consents by grantee."""

    dossier: bytes
    section: str
    lane: str

    @classmethod
    async def load(
        cls, connection: Connection, wants: Sequence[KeyHoldersWant]
    ) -> Mapping[KeyHoldersWant, dict[bytes, frozenset[bytes]]]:
        """Return consents by grantee, by want."""
        found: dict[KeyHoldersWant, dict[bytes, frozenset[bytes]]] = {}
        for want in wants:
            holders: dict[bytes, frozenset[bytes]] = {}
            for grantee, consent in await key_holders(connection, want.dossier, want.section, want.lane):
                holders[grantee] = holders.get(grantee, frozenset()) | {consent}
            found[want] = holders
        return found


@dataclass(frozen=True, slots=True)
class ConsentWant:
    """The id of the consent of a dossier whose statement has this hash."""

    dossier: bytes
    hash: bytes

    @classmethod
    async def load(cls, connection: Connection, wants: Sequence[ConsentWant]) -> Mapping[ConsentWant, bytes]:
        """Return consent ids by want; nothing where no such consent was ever taken in."""
        rows = await connection.fetch(
            """SELECT s.stream, s.hash, s.subject FROM unnest($1::bytea[], $2::bytea[]) AS w (stream, hash)
               JOIN dossier.statement s ON s.bucket = audit.bucket(w.stream) AND s.hash = w.hash
                    AND s.stream IS NOT DISTINCT FROM w.stream AND s.kind = 'consent'""",
            [want.dossier for want in wants],
            [want.hash for want in wants],
        )
        return {cls(row["stream"], row["hash"]): row["subject"] for row in rows}


async def key_holders(source: Connection | Pool, dossier: bytes, section: str, lane: str) -> list[tuple[bytes, bytes]]:
    """Return (grantee, consent) of every capsule that holds the current key of a section and lane."""
    rows = await source.fetch(
        """SELECT DISTINCT k.grantee, s.subject FROM dossier.capsule_key k
           JOIN dossier.statement s ON s.bucket = k.bucket AND s.hash = k.statement
                AND s.stream IS NOT DISTINCT FROM k.dossier
           WHERE k.bucket = audit.bucket($1) AND k.dossier = $1 AND k.section = $2 AND k.lane = $3 AND k.item = ''::bytea
             AND k.epoch = (SELECT max(e.epoch) FROM dossier.section_key e WHERE e.bucket = k.bucket
                            AND e.dossier = $1 AND e.section = $2 AND e.lane = $3)""",
        dossier,
        section,
        lane,
    )
    return [(row["grantee"], row["subject"]) for row in rows]


async def section_keys(source: Connection | Pool, dossier: bytes) -> list[SectionKeyRow]:
    """Return every epoch of every section key, each with the wrap of its secret under the latest root."""
    rows = await source.fetch(
        """SELECT k.section, k.lane, k.epoch, k.public_hash, k.statement,
                  coalesce(w.wrapped, k.wrapped) AS wrapped, coalesce(w.sequence, k.sequence) AS sequence
           FROM dossier.section_key k LEFT JOIN LATERAL (
               SELECT s.wrapped, s.sequence FROM dossier.section_wrap s
               WHERE s.bucket = k.bucket AND s.dossier = k.dossier AND s.section = k.section AND s.lane = k.lane
                 AND s.epoch = k.epoch ORDER BY s.sequence DESC LIMIT 1) w ON true
           WHERE k.bucket = audit.bucket($1) AND k.dossier = $1 ORDER BY k.section, k.lane, k.epoch""",
        dossier,
    )
    return [SectionKeyRow(*row.values()) for row in rows]


def statement_write(stream: bytes, statement: Statement, subject: bytes, seq: int) -> Write:
    """Keep a statement exactly as it was signed; `seq` is that of its event."""
    return Write(INSERT_STATEMENT, (stream, statement.hash, statement.kind, subject, seq, statement.envelope))


def capsule_writes(
    dossier: bytes, capsules: Iterable[Capsule], now: int, adder: bytes | None = None
) -> tuple[Write, ...]:
    """Keep capsules as they were sealed; `adder` is who adds them to a statement that stood before."""
    return tuple(_capsule(dossier, capsule, now, adder) for capsule in capsules)


def section_write(dossier: bytes, statement: Statement, wrapped: bytes, sequence: int = 0) -> Write:
    """Keep a section key, its secret wrapped under the root of that dossier key.

    The primary key refuses a second statement for the same epoch.
    """
    payload = statement.payload
    public = key_hash(decode_base64(payload["publicKey"]))
    place = (payload["section"], payload["lane"], payload["epoch"])
    return Write(INSERT_SECTION_KEY, (dossier, *place, public, statement.hash, wrapped, sequence))


def creation_writes(
    dossier: bytes,
    owner: bytes,
    statements: Sequence[Statement],
    wrapped: Mapping[tuple[str, str], bytes],
    capsules: Iterable[Capsule],
    identifier: bytes,
    now: int,
) -> tuple[Write, ...]:
    """Everything that a new dossier keeps beside its events, which are numbered from 1 in the order of statements."""
    nature = statements[0].payload["nature"]
    sections = [statement for statement in statements if statement.kind == "section-key"]
    return (
        Write(INSERT_DOSSIER, (dossier, owner, nature, now)),
        Write(INSERT_ADDRESS, (identifier, dossier, nature, now)),
        *(statement_write(dossier, each, dossier, seq) for seq, each in enumerate(statements, 1)),
        *(section_write(dossier, each, wrapped[each.payload["section"], each.payload["lane"]]) for each in sections),
        *capsule_writes(dossier, capsules, now),
    )


def _capsule(dossier: bytes, capsule: Capsule, now: int, adder: bytes | None) -> Write:
    body = capsule.encode()
    return Write(INSERT_CAPSULE, (dossier, sha256(body), capsule.statement_hash, capsule.grantee, body, now, adder))


class DossierStore:
    """Reading dossiers; every write goes through the group writer."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, identifier: bytes) -> bytes | None:
        """Return the dossier that an identifier's HMAC leads to."""
        found: bytes | None = await self._pool.fetchval(
            "SELECT dossier FROM dossier.address WHERE bucket = audit.bucket($1) AND hmac = $1",
            identifier,
        )
        return found

    async def owned_by(self, person: bytes) -> list[tuple[bytes, str]]:
        """Return (dossier, nature) of every dossier that a person made."""
        rows = await self._pool.fetch("SELECT dossier, nature FROM dossier.dossier WHERE owner = $1", person)
        return [(row["dossier"], row["nature"]) for row in rows]

    async def statements(self, stream: bytes, kinds: Sequence[str]) -> list[bytes]:
        """Return the envelopes of these kinds, in the order of their events."""
        rows = await self._pool.fetch(
            """SELECT envelope FROM dossier.statement
               WHERE bucket = audit.bucket($1) AND stream = $1 AND kind = ANY($2) ORDER BY seq, hash""",
            stream,
            list(kinds),
        )
        return [row["envelope"] for row in rows]

    async def section_keys(self, dossier: bytes) -> list[SectionKeyRow]:
        """Return every epoch of every section key, each with the wrap of its secret under the latest root."""
        return await section_keys(self._pool, dossier)

    async def capsules(self, dossier: bytes, grantee: bytes) -> list[bytes]:
        """Return the capsules of one grantee in a dossier, oldest first."""
        rows = await self._pool.fetch(
            """SELECT body FROM dossier.capsule
               WHERE bucket = audit.bucket($1) AND dossier IS NOT DISTINCT FROM $1 AND grantee = $2 ORDER BY at, hash""",
            dossier,
            grantee,
        )
        return [row["body"] for row in rows]
