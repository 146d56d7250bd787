"""A SHA-256 that is computed in a thread of its own, beside the sealing or opening of the bytes it is of.

Hashing takes as long as the cipher, or longer where the processor has no instructions for it; both release Python's lock.
"""

from __future__ import annotations

import hashlib
from queue import SimpleQueue
from threading import Semaphore, Thread
from types import TracebackType
from typing import Final, Self

WAITING: Final = 16
"""Pieces that may wait for the thread: what bounds the memory."""


class SideHash:
    """A running SHA-256 with the interface of `hashlib`; use it as a context, which ends the thread.

    `update` takes the bytes and returns at once, or when few enough wait; `digest` waits for all and may be asked once.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._pieces: SimpleQueue[bytes] = SimpleQueue()
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
        if data:
            self._room.acquire()
            self._pieces.put(data)

    def digest(self) -> bytes:
        """The hash of all bytes."""
        self._end()
        return self._hash.digest()

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._pieces.put(b"")
            self._thread.join()

    def _work(self) -> None:
        while piece := self._pieces.get():
            self._hash.update(piece)
            self._room.release()
