"""A SHA-256 that is computed in a thread of its own, beside the sealing or opening of the bytes it is of.

Hashing takes as long as the cipher, or longer where the processor has no instructions for it; both release Python's lock.
"""

from __future__ import annotations

import hashlib
from queue import SimpleQueue
from threading import Semaphore, Thread
from types import TracebackType
from typing import Final, Self

BATCH: Final = 256 * 1024
"""Bytes that are handed over at once: each change of threads has a price."""

WAITING: Final = 4
"""Batches that may wait for the thread: what bounds the memory."""


class SideHash:
    """A running SHA-256 with the interface of `hashlib`; use it as a context, which ends the thread.

    `update` takes the bytes and returns at once, or when few enough wait; `digest` waits for all and may be asked once.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._batches: SimpleQueue[list[bytes]] = SimpleQueue()
        self._batch: list[bytes] = []
        self._size = 0
        self._room = Semaphore(WAITING)
        self._thread = Thread(target=self._work, name="hashing", daemon=True)
        self._ended = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""
        self._batch.append(data)
        self._size += len(data)
        if self._size >= BATCH:
            self._hand_over()

    def digest(self) -> bytes:
        """The hash of all bytes."""
        self._end()
        return self._hash.digest()

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            if self._batch:
                self._hand_over()
            self._batches.put([])
            self._thread.join()

    def _hand_over(self) -> None:
        self._room.acquire()
        self._batches.put(self._batch)
        self._batch, self._size = [], 0

    def _work(self) -> None:
        while batch := self._batches.get():
            for piece in batch:
                self._hash.update(piece)
            self._room.release()
