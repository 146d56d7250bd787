"""Going through all stored parts: what rots on a disk is found before somebody asks for it, and named.

A part's bytes are held against the length and hash that its author signed, which were checked when it came in. Nothing
is opened: these are ciphertexts. Only the part that is wrong is named; others are not affected by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from dossier.errors import UnavailableError
from dossier.items.objects import Objects, read_range
from dossier.scrubbing.store import PartRow, PartStore

ROTTEN = "its bytes are not those that its author signed"
UNREADABLE = "its bytes cannot be read"


@dataclass(frozen=True, slots=True)
class Rot:
    """A part that is not what it was."""

    item: bytes
    version: int
    part: int
    text: str

    def __str__(self) -> str:
        """Return one line for a person."""
        return f"item {self.item.hex()} version {self.version} part {self.part}: {self.text}"


@dataclass(slots=True)
class Scrubbed:
    """What was gone through, and what was found."""

    parts: int
    found: list[Rot]


async def scrub(store: PartStore, objects: Objects) -> Scrubbed:
    """Go through all parts; at most a segment of one is in memory."""
    result = Scrubbed(0, [])
    async for row in store.parts():
        result.parts += 1
        text = await _wrong(row, objects)
        if text:
            result.found.append(Rot(row.item, row.version, row.part, text))
    return result


async def _wrong(row: PartRow, objects: Objects) -> str:
    digest, length = hashlib.sha256(), 0
    try:
        async for piece in _pieces(row, objects):
            digest.update(piece)
            length += len(piece)
    except UnavailableError:
        return UNREADABLE
    return "" if (digest.digest(), length) == (row.hash, row.length) else ROTTEN


async def _pieces(row: PartRow, objects: Objects) -> AsyncIterator[bytes]:
    if row.content is not None:
        yield row.content
        return
    if row.object is None:
        raise UnavailableError
    async for piece in read_range(objects, row.object, 0, row.length):
        yield piece
