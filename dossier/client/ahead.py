"""Fetching the next piece while the one before is worked on: one thread asks, the other opens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Final, Generic, TypeVar

T = TypeVar("T")

WAITING: Final = 1
"""Pieces that are fetched and not yet taken, beside the one being fetched: what bounds the memory."""


@contextmanager
def ahead(pieces: Iterable[T]) -> Iterator[Iterator[T]]:
    """Draw pieces in a thread of their own; give them in order, and raise what drawing them raised.

    What the pieces are drawn from belongs to that thread until this is left: leaving waits for it.
    """
    drawing = _Drawing(pieces)
    drawing.thread.start()
    try:
        yield iter(drawing)
    finally:
        drawing.stop()


class _Drawing(Generic[T]):
    """The thread and what it has drawn; a piece comes as a tuple, the end as an error or None."""

    def __init__(self, pieces: Iterable[T]) -> None:
        self._pieces = pieces
        self._drawn: SimpleQueue[tuple[T] | BaseException | None] = SimpleQueue()
        self._room = Semaphore(WAITING)
        self._stopped = False
        self.thread = Thread(target=self._draw, name="fetching", daemon=True)

    def __iter__(self) -> Iterator[T]:
        while (drawn := self._drawn.get()) is not None:
            if isinstance(drawn, BaseException):
                raise drawn
            self._room.release()
            yield drawn[0]

    def stop(self) -> None:
        """Let the thread end at its next piece, and wait for that."""
        self._stopped = True
        self._room.release()
        self.thread.join()

    def _draw(self) -> None:
        try:
            for piece in self._pieces:
                self._room.acquire()
                if self._stopped:
                    return
                self._drawn.put((piece,))
            self._drawn.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again where the pieces are taken
            self._drawn.put(error)
