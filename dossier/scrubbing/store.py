"""All parts of all items, in the order of their keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import NamedTuple

from asyncpg import Pool

PAGE = 100


class PartRow(NamedTuple):
    """A part as it is kept: `length` and `hash` (SHA-256) of its ciphertext, and its bytes or where they are."""

    item: bytes
    version: int
    part: int
    length: int
    hash: bytes
    content: bytes | None
    object: str | None


@dataclass(frozen=True)
class PartStore:
    """Reads parts over a pool."""

    pool: Pool

    async def parts(self) -> AsyncIterator[PartRow]:
        """Give every part, a page at a time."""
        bucket, item, version, part = -1, b"", 0, 0
        while rows := await self.pool.fetch(
            """SELECT bucket, item, version, part, length, hash, content, object FROM dossier.part
               WHERE (bucket, item, version, part) > ($1, $2, $3, $4) ORDER BY bucket, item, version, part LIMIT $5""",
            bucket,
            item,
            version,
            part,
            PAGE,
        ):
            for row in rows:
                bucket, *values = row.values()
                found = PartRow(*values)
                item, version, part = found.item, found.version, found.part
                yield found
