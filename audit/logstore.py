"""The SQL of the log: what waits, where each leaf stands, tiles and checkpoints.

Statements on log tables name no other table: they may run on a server of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from audit.errors import IncompleteError
from audit.growth import Growth
from audit.merkle import inclusion_proof
from audit.store import Connection
from audit.tiles import TILE_HEIGHT, TILE_WIDTH, Bundle, Tile, edge_tiles, node_reader

CONTROL_STREAM: Final = bytes(16)
"""Stands for the stream of control leaves, which belong to the log itself."""

_BUNDLE_LEVEL: Final = -1


@dataclass(frozen=True, slots=True)
class Pending:
    """A leaf that waits to be sequenced."""

    id: int
    stream: bytes
    seq: int
    leaf: bytes


@dataclass(frozen=True, slots=True)
class LogState:
    """Size and root of the log, and the checkpoint note of that size (None for the empty log)."""

    size: int
    root: bytes
    note: bytes | None


async def pending(connection: Connection, limit: int) -> tuple[list[Pending], int]:
    """Return the leaves that wait, oldest first, and how many milliseconds the oldest has waited.

    Rows are taken because they are there, never because their id is above one seen before: ids commit out of order.
    """
    rows = await connection.fetch(
        "SELECT id, stream, seq, leaf, at, audit.now_ms() AS now FROM audit.pending ORDER BY id LIMIT $1", limit
    )
    waited = max(0, rows[0]["now"] - rows[0]["at"]) if rows else 0
    return [Pending(row["id"], row["stream"], row["seq"], row["leaf"]) for row in rows], waited


async def forget(connection: Connection, ids: Sequence[int]) -> None:
    """Delete pending leaves that are in the log."""
    await connection.execute("SELECT audit.forget_pending($1)", ids)


async def has_control(connection: Connection) -> bool:
    """Whether the log was founded: whether there is any control leaf."""
    found: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM audit.control)")
    return found


async def add_control(connection: Connection, seq: int, leaf: bytes) -> None:
    """Add control leaf `seq` (from 1) to what waits; fails unless it is the next."""
    await connection.execute("SELECT audit.add_control($1, $2)", seq, leaf)


async def control_leaves(connection: Connection) -> list[bytes]:
    """Return all control leaves, in order."""
    return [row["leaf"] for row in await connection.fetch("SELECT leaf FROM audit.control ORDER BY seq")]


async def state(connection: Connection) -> LogState:
    """Return where the log stands."""
    row = await connection.fetchrow(
        "SELECT s.size, s.root, c.note FROM audit.log_state s LEFT JOIN audit.checkpoint c ON c.size = s.size"
    )
    return LogState(row["size"], row["root"], row["note"])


async def root_at(connection: Connection, size: int) -> bytes | None:
    """Return the root that was signed for a size, None when no checkpoint has it."""
    root: bytes | None = await connection.fetchval("SELECT root FROM audit.checkpoint WHERE size = $1", size)
    return root


async def last_seqs(connection: Connection, streams: Iterable[bytes]) -> dict[bytes, int]:
    """Return the last sequenced number of each of these streams, of those that have one."""
    rows = await connection.fetch(
        """SELECT wanted.id, l.seq FROM unnest($1::bytea[]) AS wanted (id)
           JOIN LATERAL (SELECT seq FROM audit.log_leaf WHERE stream = wanted.id ORDER BY seq DESC LIMIT 1) l ON true""",
        list(streams),
    )
    return {row["id"]: row["seq"] for row in rows}


async def extend(
    connection: Connection, old: int, grown: Growth, root: bytes, note: bytes, rows: list[Pending]
) -> None:
    """Add a batch to the log, if it still has the size `old`: leaves, tiles, bundles, checkpoint and state."""
    tiles = [(tile.level, tile.index, tile.width, data) for tile, data in grown.tiles]
    tiles += [(_BUNDLE_LEVEL, bundle.index, bundle.width, data) for bundle, data in grown.bundles]
    await connection.execute(
        "SELECT audit.log_extend($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        old,
        grown.edge.size,
        root,
        note,
        [row.stream for row in rows],
        [row.seq for row in rows],
        [row.leaf for row in rows],
        *map(list, zip(*tiles, strict=True)),
    )


async def read_tiles(connection: Connection, places: Sequence[Tile | Bundle]) -> dict[Tile | Bundle, bytes]:
    """Return stored tiles and bundles; raise IncompleteError when one is not there."""
    rows = await connection.fetch(
        """SELECT wanted.place, t.bytes FROM unnest($1::int[], $2::bigint[], $3::int[])
               WITH ORDINALITY AS wanted (level, n, width, place)
           JOIN audit.tile t ON t.level = wanted.level AND t.n = wanted.n AND t.width = wanted.width""",
        [place.level if isinstance(place, Tile) else _BUNDLE_LEVEL for place in places],
        [place.index for place in places],
        [place.width for place in places],
    )
    if len(rows) != len(places):
        raise IncompleteError("a tile of the log is not there")
    return {places[row["place"] - 1]: row["bytes"] for row in rows}


async def sweep(connection: Connection, size: int) -> None:
    """Delete partial tiles of sizes before `size`, which is published: nobody asks the database for them any more."""
    await connection.execute("SELECT audit.sweep_tiles($1)", size)


async def find_leaf(connection: Connection, stream: bytes, seq: int) -> int | None:
    """Return the index in the log of an event's leaf, None while it waits."""
    index: int | None = await connection.fetchval(
        "SELECT log_index FROM audit.log_leaf WHERE stream = $1 AND seq = $2", stream, seq
    )
    return index


async def prove(connection: Connection, index: int, size: int) -> list[bytes]:
    """Return the inclusion path of a leaf in the tree of the present size; IncompleteError when that has passed."""
    levels = range((size.bit_length() + TILE_HEIGHT - 1) // TILE_HEIGHT)
    wanted = {_tile_of(level, index, size) for level in levels} | set(edge_tiles(size))
    stored = await read_tiles(connection, [tile for tile in wanted if tile.width > 0])
    return inclusion_proof(index, size, node_reader(size, stored.__getitem__))


def _tile_of(level: int, index: int, size: int) -> Tile:
    at = index >> (TILE_HEIGHT * (level + 1))
    return Tile(level, at, min(TILE_WIDTH, (size >> (TILE_HEIGHT * level)) - at * TILE_WIDTH))
