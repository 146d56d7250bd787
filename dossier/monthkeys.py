"""Month keys in files of their own: outside the database and its backups, so that destroying one erases its month.

Folder 0700, each file 0600 with 32 random bytes; a file appears whole or not at all. Page: docs/spec/event.md.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from audit import store
from audit.errors import IncompleteError
from audit.payload import month_of, open_stream_key, seal_stream_key
from dossier.database import CONNECTION_ERRORS

KEY_SIZE: Final = 32
_MONTH: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])", re.ASCII)
_DESTROYED: Final = ".destroyed"
_BATCH: Final = 500
ROUND_SECONDS: Final = 3_600
_LOG = logging.getLogger(__name__)


class FileMonthKeys:
    """The keys in one folder; several processes may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, bytes] = {}
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def current(self, month: str) -> bytes:
        """Return the key of a month, making it at its first use; raise IncompleteError when it was destroyed."""
        key = self._known.get(month)
        if key is None:
            key = self._known[month] = self._read(month) or self._make(month)
        return key

    def find(self, month: str) -> bytes:
        """Return the key of a month; raise IncompleteError when it was destroyed or never made."""
        key = self._read(month)
        if key is None:
            raise IncompleteError("there is no key of that month")
        return key

    def months(self) -> list[str]:
        """Name the months whose keys are there, oldest first."""
        return sorted(path.name for path in self._folder.iterdir() if _MONTH.fullmatch(path.name))

    def destroy(self, month: str) -> None:
        """Destroy the key of a month for good: what it sealed cannot be opened again, by anybody."""
        path = self._path(month)
        # The mark comes first and stays: a key file that a backup brings back is not used.
        _place(path.with_name(month + _DESTROYED), b"")
        if path.exists():
            with path.open("r+b") as file:
                file.write(secrets.token_bytes(KEY_SIZE))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            _sync_folder(self._folder)
        self._known.pop(month, None)

    def _path(self, month: str) -> Path:
        if not _MONTH.fullmatch(month):
            raise IncompleteError("not the name of a month")
        return self._folder / month

    def _read(self, month: str) -> bytes | None:
        path = self._path(month)
        if path.with_name(month + _DESTROYED).exists():
            raise IncompleteError("the key of that month was destroyed")
        if not path.exists():
            return None
        key = path.read_bytes()
        if len(key) != KEY_SIZE:
            raise IncompleteError("the key file of that month is damaged")
        return key

    def _make(self, month: str) -> bytes:
        # Of two processes that make it at once, one places its file and both read that one.
        _place(self._path(month), secrets.token_bytes(KEY_SIZE))
        return self.find(month)


async def rewrap_stream_keys(pool: Any, keys: FileMonthKeys, month: str) -> int:
    """Wrap every stream key under the key of `month`, so that older months can die; return how many were."""
    done = 0
    while True:
        async with pool.acquire() as connection:
            rows = await store.old_wraps(connection, month, _BATCH)
            if not rows:
                return done
            wraps = [
                (stream, epoch, old, _again(keys, month, stream, epoch, old, wrap)) for stream, epoch, old, wrap in rows
            ]
            await store.rewrap(connection, month, wraps)
        done += len(rows)


async def rewrap_forever(pool: Any, keys: FileMonthKeys, clock: Callable[[], int]) -> None:
    """Follow the month: at the start and each hour, stream keys of older months move to the present one's key."""
    while True:
        try:
            await rewrap_stream_keys(pool, keys, month_of(clock() * 1_000))
        except (IncompleteError, OSError, *CONNECTION_ERRORS) as error:
            _LOG.warning("stream keys wait for the next round: %s", type(error).__name__)
        await asyncio.sleep(ROUND_SECONDS)


async def destroy_month(pool: Any, keys: FileMonthKeys, month: str) -> None:
    """Destroy the key of a month, and with it every payload of that month; raise IncompleteError while streams need it.

    Afterwards no backup of the database opens those payloads.
    """
    async with pool.acquire() as connection:
        if await store.count_wraps(connection, month):
            raise IncompleteError("stream keys are still wrapped under that month")
    keys.destroy(month)


def _again(keys: FileMonthKeys, month: str, stream: bytes, epoch: int, old: str, wrapped: bytes) -> bytes:
    key = open_stream_key(keys.find(old), stream, epoch, wrapped)
    return seal_stream_key(keys.current(month), stream, epoch, key)


def _place(path: Path, content: bytes) -> None:
    """Put a file in its place, whole and durable, unless there is one."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
