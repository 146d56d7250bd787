"""Locks between processes that share one data directory. The kernel frees them when a process dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dossier.embedded.errors import StartError

PATIENCE = 60.0
"""Seconds to wait for another process that is starting or stopping the server."""


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the file's lock alone; raises StartError when another process keeps it too long."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        until = time.monotonic() + PATIENCE
        while not _try(handle, fcntl.LOCK_EX):
            if time.monotonic() > until:
                raise StartError("another process keeps the lock of the data directory")
            time.sleep(0.05)
        yield
    finally:
        os.close(handle)


class UseMark:
    """Says that this process uses the server, so that no other process stops it underneath us.

    Every user holds a shared lock. The last one finds that it can have the lock alone, and only that one stops the
    server.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def hold(self) -> None:
        """Mark the server as used by this process; a second call changes nothing."""
        if self._handle is None:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_SH)

    def release(self) -> bool:
        """Take the mark away; True if no other process uses the server. Call it holding the exclusive lock."""
        if self._handle is None:
            return False
        alone = _try(self._handle, fcntl.LOCK_EX)
        os.close(self._handle)
        self._handle = None
        return alone


def _try(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
