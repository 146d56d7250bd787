"""Rows of items: their facts, versions, parts, wraps and uploads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from asyncpg import Connection, Pool, Record

from audit.entry import Write
from crypto.headers import Header
from crypto.stream import sealed_size
from dossier.database import STATEMENT_SECONDS
from dossier.errors import ConflictError, InvalidRequestError, NotFoundError
from dossier.items.delivery import Delivery
from dossier.items.state import ItemState, compile_item

INSERT_ITEM = "INSERT INTO dossier.item VALUES (audit.bucket($1), $1, $2, $3)"
INSERT_VERSION = "INSERT INTO dossier.item_version VALUES (audit.bucket($1), $1, $2, $3, $4, $5, $6, $7, $8)"
INSERT_PART = "INSERT INTO dossier.part VALUES (audit.bucket($1), $1, $2, $3, $4, $5, $6, $7, $8)"
INSERT_PLACED_KEY = "INSERT INTO dossier.placed_key VALUES (audit.bucket($1), $1, $2, $3, $4)"
PUT_WRAP = (
    "INSERT INTO dossier.wrap VALUES (audit.bucket($1), $1, $2, $3, $4, $5, $6)"
    " ON CONFLICT (bucket, item, version, section, lane) DO UPDATE SET epoch = $5, wrapped = $6"
)
UPLOAD = """SELECT upload, dossier, sender, length, hash, received, state, expires FROM dossier.upload
            WHERE bucket = audit.bucket($1) AND upload = $1"""
USE_UPLOAD = "UPDATE dossier.upload SET state = 'used' WHERE bucket = audit.bucket($1) AND upload = $1"
OBJECT_FOLDER = "parts"


@dataclass(frozen=True, slots=True)
class ItemWant:
    """The state of one item of a dossier, folded from its facts."""

    dossier: bytes
    item: bytes

    @classmethod
    async def load(cls, connection: Connection, wants: Sequence[ItemWant]) -> Mapping[ItemWant, ItemState]:
        """Return states by want."""
        rows = await connection.fetch(
            """SELECT f.stream, f.subject, f.seq, f.kind, f.body
               FROM unnest($1::bytea[], $2::bytea[]) AS w (dossier, item)
               JOIN audit.fact f ON f.bucket = audit.bucket(w.dossier) AND f.subject = w.item AND f.class = 'items'
                    AND f.stream IS NOT DISTINCT FROM w.dossier ORDER BY f.seq, f.ordinal""",
            [want.dossier for want in wants],
            [want.item for want in wants],
        )
        return {cls(*key): state for key, state in fold_items(rows).items()}


class UploadRow(NamedTuple):
    """An upload: whose, for which dossier, how much of what it will be."""

    upload: bytes
    dossier: bytes
    sender: bytes
    length: int
    hash: bytes
    received: int
    state: str
    expires: int


@dataclass(frozen=True, slots=True)
class UploadWant:
    """An upload by its id."""

    upload: bytes

    @classmethod
    async def load(cls, connection: Connection, wants: Sequence[UploadWant]) -> Mapping[UploadWant, UploadRow]:
        """Return rows by want, locked until the batch ends: the sweep must not take away what an item is about to name."""
        rows = await connection.fetch(
            """SELECT upload, dossier, sender, length, hash, received, state, expires FROM dossier.upload
               WHERE (bucket, upload) IN (SELECT audit.bucket(w), w FROM unnest($1::bytea[]) AS w)
               ORDER BY bucket, upload FOR UPDATE""",
            [want.upload for want in wants],
        )
        return {cls(row["upload"]): UploadRow(*row.values()) for row in rows}


def fold_items(rows: Sequence[Record]) -> dict[tuple[bytes, bytes], ItemState]:
    """Fold fact rows (stream, subject, seq, kind, body), in order, into item states by (stream, item)."""
    records: dict[tuple[bytes, bytes], list[tuple[int, str, dict[str, Any]]]] = defaultdict(list)
    for stream, subject, seq, kind, body in (row.values() for row in rows):
        records[stream, subject].append((seq, kind, msgspec.json.decode(body)))
    folded = {key: compile_item(key[1].hex(), of_item) for key, of_item in records.items()}
    return {key: state for key, state in folded.items() if state is not None}


def check_upload(row: UploadRow | None, dossier: bytes, sender: bytes, length: int, digest: bytes) -> None:
    """Raise InvalidRequestError or ConflictError unless the upload is complete, the sender's own, and this very part."""
    if row is None or (row.dossier, row.sender) != (dossier, sender):
        raise InvalidRequestError("an upload is not known", code="unknown-upload")
    if row.state == "used":
        raise ConflictError("an upload was used before", code="upload-used")
    if row.state != "complete" or (row.length, row.hash) != (length, digest):
        raise InvalidRequestError("an upload is not the part that the header names", code="wrong-hash")


def upload_object(upload: bytes) -> str:
    """The folder in the object store that holds the segments of an upload."""
    return f"{OBJECT_FOLDER}/{upload[:2].hex()}/{upload.hex()}"


def version_writes(delivery: Delivery, header: Header, source: bytes, seq: int) -> tuple[Write, ...]:
    """Everything that a version keeps beside its event: the header as signed, what is sealed, its parts."""
    core = header.core
    version = (
        core.item,
        core.version,
        header.hash,
        header.statement.envelope,
        delivery.sealed_key,
        delivery.sealed_metadata,
        source,
        seq,
    )
    first = (Write(INSERT_ITEM, (core.item, core.dossier, seq)),) if core.version == 1 else ()
    parts = []
    for number, (part, info) in enumerate(zip(delivery.parts, header.parts, strict=True)):
        kept = upload_object(part.upload) if part.upload else None
        sizes = (sealed_size(info.length), info.chunks, info.hash)
        parts.append(Write(INSERT_PART, (core.item, core.version, number, *sizes, part.content, kept)))
    used = tuple(Write(USE_UPLOAD, (part.upload,)) for part in delivery.parts if part.upload)
    return (*first, Write(INSERT_VERSION, version), *parts, *used)


class ItemStore:
    """Reading items, and the uploads that come before them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def dossier_of(self, item: bytes) -> bytes | None:
        """Return the dossier of an item, None for no item."""
        found: bytes | None = await self._pool.fetchval(
            "SELECT dossier FROM dossier.item WHERE bucket = audit.bucket($1) AND item = $1", item
        )
        return found

    async def since(self, dossier: bytes, after: int, upto: int) -> dict[bytes, list[tuple[int, str, dict[str, Any]]]]:
        """Return the item records of a dossier at positions after < seq <= upto, by item, in order."""
        rows = await self._pool.fetch(
            """SELECT subject, seq, kind, body FROM audit.fact
               WHERE bucket = audit.bucket($1) AND stream = $1 AND class = 'items' AND seq > $2 AND seq <= $3
               ORDER BY seq, ordinal""",
            dossier,
            after,
            upto,
            timeout=STATEMENT_SECONDS,
        )
        found: dict[bytes, list[tuple[int, str, dict[str, Any]]]] = defaultdict(list)
        for row in rows:
            found[row["subject"]].append((row["seq"], row["kind"], msgspec.json.decode(row["body"])))
        return found

    async def newest_versions(self, items: Sequence[bytes]) -> dict[bytes, Record]:
        """Return the newest version of each item: header, sealed key and metadata, and what was made for its place.

        `wraps` are (section, lane, epoch, wrapped); `placed` (placement, sealed) by the hash of its statement.
        """
        rows = await self._pool.fetch(
            """SELECT v.item, v.version, v.header, v.sealed_key, v.sealed_metadata,
                      ARRAY(SELECT (p.placement, p.sealed, s.envelope) FROM dossier.placed_key p
                            JOIN dossier.statement s ON s.bucket = p.bucket AND s.hash = p.placement
                            WHERE p.bucket = v.bucket AND p.item = v.item AND p.version = v.version
                            ORDER BY s.seq) AS placed,
                      ARRAY(SELECT (w.section, w.lane, w.epoch, w.wrapped) FROM dossier.wrap w
                            WHERE w.bucket = v.bucket AND w.item = v.item AND w.version = v.version) AS wraps
               FROM unnest($1::bytea[]) AS wanted (id)
               CROSS JOIN LATERAL (SELECT * FROM dossier.item_version n WHERE n.bucket = audit.bucket(wanted.id)
                                   AND n.item = wanted.id ORDER BY n.version DESC LIMIT 1) v""",
            list(items),
        )
        return {row["item"]: row for row in rows}

    async def placements(self, dossier: bytes, hashes: Iterable[str]) -> dict[str, bytes]:
        """Return the envelopes of placements of a dossier by their hash (hex); asks nothing for none."""
        wanted = [bytes.fromhex(each) for each in hashes]
        if not wanted:
            return {}
        rows = await self._pool.fetch(
            """SELECT hash, envelope FROM dossier.statement
               WHERE bucket = audit.bucket($1) AND stream IS NOT DISTINCT FROM $1 AND hash = ANY($2)""",
            dossier,
            wanted,
        )
        return {row["hash"].hex(): row["envelope"] for row in rows}

    async def capsules(self, dossier: bytes, grantee: bytes, consents: Iterable[str]) -> list[bytes]:
        """Return the capsules of one grantee for these consents (hex ids), oldest first."""
        rows = await self._pool.fetch(
            """SELECT c.body FROM dossier.capsule c
               JOIN dossier.statement s ON s.bucket = c.bucket AND s.hash = c.statement
                    AND s.stream IS NOT DISTINCT FROM c.dossier AND s.subject = ANY($3)
               WHERE c.bucket = audit.bucket($1) AND c.dossier IS NOT DISTINCT FROM $1 AND c.grantee = $2
               ORDER BY c.at, c.hash""",
            dossier,
            grantee,
            [bytes.fromhex(consent) for consent in consents],
        )
        return [row["body"] for row in rows]

    async def add_upload(self, row: UploadRow, most: int) -> UploadRow | None:
        """Begin an upload and return it, or the one that has its id; None if too many bytes of the sender then waited."""
        async with self._pool.acquire() as connection, connection.transaction():
            # Of two that begin at once, the second sees the first.
            await connection.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 0))", row.dossier + row.sender
            )
            if earlier := await connection.fetchrow(UPLOAD, row.upload):
                return UploadRow(*earlier.values())
            waiting = await connection.fetchval(
                """SELECT coalesce(sum(length), 0)::bigint FROM dossier.upload WHERE bucket = audit.bucket($1)
                   AND dossier = $1 AND sender = $2 AND state <> 'used'""",
                row.dossier,
                row.sender,
            )
            if waiting + row.length > most:
                return None
            await connection.execute(
                """INSERT INTO dossier.upload
                       (bucket, upload, dossier, sender, length, hash, received, state, expires, object)
                   VALUES (audit.bucket($1), $1, $2, $3, $4, $5, $6, $7, $8, $9)""",
                *row,
                upload_object(row.upload),
            )
            return row

    async def upload(self, upload: bytes) -> UploadRow:
        """Return an upload; raise NotFoundError."""
        row = await self._pool.fetchrow(UPLOAD, upload)
        if row is None:
            raise NotFoundError
        return UploadRow(*row.values())

    async def advance_upload(self, upload: bytes, old: int, new: int, state: str) -> bool:
        """Note that more was received, if nothing else was meanwhile; tell whether it was noted."""
        done = await self._pool.execute(
            """UPDATE dossier.upload SET received = $3, state = $4
               WHERE bucket = audit.bucket($1) AND upload = $1 AND received = $2 AND state = 'open'""",
            upload,
            old,
            new,
            state,
        )
        return bool(done == "UPDATE 1")

    async def expired_uploads(self, now: int, most: int) -> list[UploadRow]:
        """Return unused uploads whose time is over."""
        rows = await self._pool.fetch(
            """SELECT upload, dossier, sender, length, hash, received, state, expires FROM dossier.upload
               WHERE expires <= $1 AND state <> 'used' LIMIT $2""",
            now,
            most,
        )
        return [UploadRow(*row.values()) for row in rows]

    async def drop_upload(self, upload: bytes) -> bool:
        """Forget an unused upload; tell whether it was still there."""
        done = await self._pool.execute(
            "DELETE FROM dossier.upload WHERE bucket = audit.bucket($1) AND upload = $1 AND state <> 'used'", upload
        )
        return bool(done == "DELETE 1")
