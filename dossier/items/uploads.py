"""Uploads of large parts: begun with length and hash, sent in segments, checked at the end, used by one delivery.

A segment is exactly `SEGMENT_SIZE` bytes, the last one shorter, and is kept whole before it is counted. So whatever is
cut leaves an upload that resumes at a segment's border; nothing is listed before its hash was found to be right.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from audit.errors import RepeatedError
from crypto.encoding import BUCKET_SIZE, new_id, sha256
from dossier.database import CONNECTION_ERRORS
from dossier.errors import (
    ConflictError,
    GoneError,
    InvalidRequestError,
    NotFoundError,
    TooLargeError,
    TooManyError,
    UnavailableError,
)
from dossier.faults import point
from dossier.items.objects import Objects
from dossier.items.segments import SEGMENT_SIZE, segment_names
from dossier.items.store import ItemStore, UploadRow, upload_object
from dossier.parties.actor import Actor

UPLOAD_SECONDS: Final = 24 * 3600
"""How long an upload waits for its rest and its delivery."""

OPEN_PARTS: Final = 8
"""Largest parts' worth of bytes of one sender that may wait for delivery to one dossier."""

SWEEP_SECONDS: Final = 600
DRAFT_SECONDS: Final = 24 * 3600
"""Age above which a draft is nobody's: whoever wrote it died; and how often drafts are looked for."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Ciphertext bytes that one part may have, from a system and from a person."""

    system: int
    person: int

    def of(self, actor: Actor) -> int:
        """The limit of this actor."""
        return self.system if actor.kind == "system" else self.person


class Uploads:
    """Take parts in. Running hashes are kept in memory and made again by reading if the process was restarted.

    A segment is hashed in a thread, while it is brought to the disk and while the next one travels; only the last one's
    hash is waited for, and no more than one segment of an upload waits to be hashed.

    Owned by one event loop. `_taking` are uploads of which a segment is being kept: a second one would write over it.
    `_taken` counts the segments that were, kept or not.
    """

    def __init__(self, store: ItemStore, objects: Objects, limits: UploadLimits) -> None:
        self._store, self._objects, self._limits = store, objects, limits
        self._running: dict[bytes, tuple[int, asyncio.Future[hashlib._Hash]]] = {}
        self._taking: set[bytes] = set()
        self._taken = 0

    async def begin(
        self, actor: Actor, dossier: bytes, length: int, digest: bytes, now: int, key: bytes | None = None
    ) -> UploadRow:
        """Begin an upload for a dossier that the caller has found the actor may add to.

        Under an idempotency key that began one already it is that one, as it stands now. Raises RepeatedError for a
        key that began another, TooLargeError for a part, TooManyError for all that wait together.
        """
        if length > self._limits.of(actor):
            raise TooLargeError("a part may not be as large as this")
        upload = new_id(dossier[:BUCKET_SIZE]) if key is None else _keyed_id(actor, dossier, key)
        row = UploadRow(upload, dossier, actor.id, length, digest, 0, "open", now + UPLOAD_SECONDS)
        kept = await self._store.add_upload(row, OPEN_PARTS * self._limits.of(actor))
        if kept is None:
            raise TooManyError("too many bytes wait for a delivery to this dossier", retry_after=SWEEP_SECONDS)
        if (kept.length, kept.hash) != (length, digest):
            raise RepeatedError("idempotency key was used with another body")
        return kept

    async def find(self, actor: Actor, upload: bytes, now: int) -> UploadRow:
        """Return the actor's own upload; raise NotFoundError, GoneError when its time is over."""
        row = await self._store.upload(upload)
        if row.sender != actor.id:
            raise NotFoundError
        if row.expires <= now:
            raise GoneError("the upload's time is over", code="upload-expired")
        return row

    async def append(self, actor: Actor, upload: bytes, offset: int, data: bytes, now: int) -> UploadRow:
        """Keep the next segment; raise ConflictError with code wrong-offset, InvalidRequestError with wrong-hash."""
        taken = self._taken
        row = await self.find(actor, upload, now)
        if upload in self._taking:
            raise ConflictError("a segment of this upload is being taken", code="wrong-offset")
        self._taking.add(upload)
        try:
            if self._taken != taken:
                # What was found may be older than what was taken meanwhile.
                row = await self.find(actor, upload, now)
            return await self._append(row, offset, data)
        finally:
            self._taking.remove(upload)
            self._taken += 1

    async def _append(self, row: UploadRow, offset: int, data: bytes) -> UploadRow:
        upload = row.upload
        if row.state != "open" or offset != row.received:
            raise ConflictError("the upload is at another offset", code="wrong-offset")
        wanted = min(SEGMENT_SIZE, row.length - offset)
        if len(data) != wanted or not data:
            raise InvalidRequestError("a segment is 4 MiB, the last one the rest", code="wrong-segment")
        hashing = asyncio.get_running_loop().run_in_executor(None, _hashed, await self._digest(row), data)
        await self._objects.put(segment_names(upload_object(upload), row.length)[offset // SEGMENT_SIZE], data)
        received = offset + len(data)
        complete = received == row.length
        if not complete:
            self._running[upload] = (received, hashing)
        elif (await hashing).digest() != row.hash:
            await self.discard(row)
            raise InvalidRequestError("the bytes are not those that were announced", code="wrong-hash")
        point("upload.before-record")
        if not await self._store.advance_upload(upload, offset, received, "complete" if complete else "open"):
            raise ConflictError("the upload is at another offset", code="wrong-offset")
        return row._replace(received=received, state="complete" if complete else "open")

    async def discard(self, row: UploadRow) -> None:
        """Forget an unused upload and its segments; the row first, so that nothing ever names what is gone."""
        self._running.pop(row.upload, None)
        if await self._store.drop_upload(row.upload):
            for name in segment_names(upload_object(row.upload), row.length):
                await self._objects.delete(name)

    async def sweep(self, now: int, most: int = 100) -> int:
        """Discard uploads whose time is over; return how many."""
        rows = await self._store.expired_uploads(now, most)
        for row in rows:
            await self.discard(row)
        return len(rows)

    async def sweep_forever(self, clock: Callable[[], int], seconds: float = SWEEP_SECONDS) -> None:
        """Sweep now and then, drafts once a day; what cannot be swept waits for the next round."""
        drafts = 0
        while True:
            try:
                await self.sweep(now := clock())
                if now >= drafts:
                    await self._objects.sweep_drafts(now - DRAFT_SECONDS)
                    drafts = now + DRAFT_SECONDS
            except (UnavailableError, *CONNECTION_ERRORS) as error:
                _LOG.warning("uploads wait for the next sweep: %s", type(error).__name__)
            await asyncio.sleep(seconds)

    async def _digest(self, row: UploadRow) -> hashlib._Hash:
        """The running SHA-256 of all that was received: whoever asked goes on with it, nobody else."""
        at, hashing = self._running.pop(row.upload, (0, None))
        if hashing is not None and at == row.received:
            return await hashing
        return await self._read_again(row)

    async def _read_again(self, row: UploadRow) -> hashlib._Hash:
        digest = hashlib.sha256()
        for name in segment_names(upload_object(row.upload), row.received):
            digest.update(await self._objects.get(name, 0, SEGMENT_SIZE))
        return digest


def _keyed_id(actor: Actor, dossier: bytes, key: bytes) -> bytes:
    """The id of the upload that an actor begins for a dossier under an idempotency key; the key is 16 bytes."""
    bucket = dossier[:BUCKET_SIZE]
    return bucket + sha256(actor.id + dossier + key)[: len(dossier) - len(bucket)]


def _hashed(digest: hashlib._Hash, data: bytes) -> hashlib._Hash:
    digest.update(data)
    return digest
