"""Which tags occur twice: each stands for one event of one stream, so a repeated one is a second history.

Anybody can check this without a key. Memory: 8 bytes an entry.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from audit.stream import EVENT_LEAF, LEAF_SIZE

_PREFIX: Final = 8


def tag_of(entry: bytes) -> bytes | None:
    """Return the tag of an entry, None when it is not the leaf of an event."""
    return entry[1:33] if len(entry) == LEAF_SIZE and entry[0] == EVENT_LEAF else None


class TagIndex:
    """The first 8 bytes of the tag of every entry: enough to find the few candidates, which are then read whole."""

    def __init__(self) -> None:
        self._prefixes = array("Q")

    def add(self, entries: Sequence[bytes]) -> None:
        """Add the next entries; those without a tag keep their place."""
        self._prefixes.frombytes(b"".join(entry[1 : 1 + _PREFIX].ljust(_PREFIX) for entry in entries))

    def skip(self, count: int) -> None:
        """Keep the place of entries that could not be read."""
        first = len(self._prefixes)
        self._prefixes.extend(range(first, first + count))

    def repeated(self, read: Callable[[int], bytes]) -> Iterator[tuple[int, int]]:
        """Yield (index, earlier index) for every tag that occurred before; `read` returns an entry by index."""
        suspects = {one for one, other in pairwise(sorted(self._prefixes)) if one == other}
        if not suspects:
            return
        seen: dict[bytes, int] = {}
        for index, prefix in enumerate(self._prefixes):
            tag = tag_of(read(index)) if prefix in suspects else None
            if tag is None:
                continue
            if tag in seen:
                yield index, seen[tag]
            else:
                seen[tag] = index
