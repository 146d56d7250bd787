"""Ciphertext of large parts in an object store: a local directory, or S3-compatible in production.

A part is kept as segments of exactly `SEGMENT_SIZE` bytes, the last one shorter, each written whole or not at all.
So an upload that is cut leaves only whole segments, resuming needs no copy, and a range is found by arithmetic.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, S3Store

from dossier.errors import UnavailableError
from dossier.items.segments import SEGMENT_SIZE

DRAFT: Final = "#"
"""What the names of the local store's drafts have, and ours never."""

_FAILURES: Final = (BaseError, OSError, ValueError)
"""What obstore raises: errors of its own, and for some cases Python's."""


class Objects(Protocol):
    """Where segments are kept. `put` is atomic and idempotent: the same name always holds the same bytes."""

    async def put(self, name: str, data: bytes) -> None:
        """Keep the bytes under the name; durable on return. Raise UnavailableError if that cannot be."""

    async def get(self, name: str, start: int, length: int) -> bytes:
        """Return `length` bytes from `start`. Raise UnavailableError if they are not there."""

    async def delete(self, name: str) -> None:
        """Forget the bytes; forgetting what is not there is no error."""

    async def sweep_drafts(self, before: float) -> int:
        """Forget what writes that never ended left, unless touched after `before` (UTC seconds); return how many."""


class StoredObjects:
    """Objects over obstore; raise UnavailableError for whatever the store cannot do now."""

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        self._store, self._folder = store, folder

    @classmethod
    def in_folder(cls, folder: Path) -> StoredObjects:
        """Keep objects as files below a folder, which is made if it is not there."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cls(LocalStore(folder), folder)

    @classmethod
    def in_bucket(cls, bucket: str, *, endpoint: str, region: str, key_id: str, secret: str) -> StoredObjects:
        """Keep objects in an S3-compatible bucket; plain HTTP only where the endpoint says so."""
        plain = endpoint.startswith("http://")
        store = S3Store(
            bucket,
            endpoint=endpoint,
            region=region,
            access_key_id=key_id,
            secret_access_key=secret,
            virtual_hosted_style_request=False,
            client_options={"allow_http": plain},
        )
        return cls(store)

    async def put(self, name: str, data: bytes) -> None:
        """See `Objects.put`; writing again what is there already leaves the same bytes."""
        try:
            if self._folder is None:
                await obstore.put_async(self._store, name, data, use_multipart=False)
            else:
                await asyncio.to_thread(self._put_in, self._folder, name, data)
        except _FAILURES as error:
            raise UnavailableError("the object store cannot keep this now") from error

    def _put_in(self, folder: Path, name: str, data: bytes) -> None:
        """Write and wait for the disk, in one thread: each change of threads costs as much as a part of the writing."""
        obstore.put(self._store, name, data, use_multipart=False)
        _make_durable(folder / name)

    async def get(self, name: str, start: int, length: int) -> bytes:
        """See `Objects.get`."""
        try:
            return bytes(await obstore.get_range_async(self._store, name, start=start, length=length))
        except _FAILURES as error:
            raise UnavailableError("the object store cannot give this now") from error

    async def delete(self, name: str) -> None:
        """See `Objects.delete`."""
        try:
            await obstore.delete_async(self._store, name)
        except (NotFoundError, FileNotFoundError):
            return
        except _FAILURES as error:
            raise UnavailableError("the object store cannot forget this now") from error

    async def sweep_drafts(self, before: float) -> int:
        """See `Objects.sweep_drafts`; a bucket keeps none, since nothing is put there in pieces."""
        if self._folder is None:
            return 0
        try:
            return await asyncio.to_thread(_sweep, self._folder, before)
        except OSError as error:
            raise UnavailableError("the object store cannot be swept now") from error


def _sweep(folder: Path, before: float) -> int:
    """Delete files under a draft's name (the local store renames them when they are whole) that nobody writes to."""
    swept = 0
    for place, _, names in os.walk(folder):
        for name in names:
            # One that is gone by now was renamed: its writer lives.
            with suppress(FileNotFoundError):
                if DRAFT in name and (draft := Path(place, name)).stat().st_mtime < before:
                    draft.unlink()
                    swept += 1
    return swept


def _make_durable(path: Path) -> None:
    """Bring a renamed file and its entry to the disk: the local store itself does not wait for it."""
    for each in (path, path.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


async def read_range(objects: Objects, folder: str, start: int, end: int) -> AsyncIterator[bytes]:
    """Give the bytes from `start` up to, not including, `end` of a part, segment by segment."""
    while start < end:
        number, within = divmod(start, SEGMENT_SIZE)
        size = min(SEGMENT_SIZE - within, end - start)
        yield await objects.get(f"{folder}/{number:08d}", within, size)
        start += size
