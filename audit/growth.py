"""How a log grows: from its edge and new entries to the new root, tiles and bundles. No storage, no signing.

The edge is all that growing needs: the partial tile of each level and the entries of the last bundle. It is a value, so
a batch that fails leaves nothing behind. Source: c2sp.org/tlog-tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from audit.errors import SplitViewError
from audit.merkle import fold_peaks, leaf_hash
from audit.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    Bundle,
    Tile,
    complete_hash,
    edge_tiles,
    encode_bundle,
    parse_bundle,
    parse_tile,
)


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge of a tree: its size, the hashes of the partial tile of each level, the last bundle's entries."""

    size: int = 0
    rows: tuple[tuple[bytes, ...], ...] = ()
    entries: tuple[bytes, ...] = ()

    def root(self) -> bytes:
        """Return the root hash of the tree."""
        return edge_root(self.rows)


@dataclass(frozen=True, slots=True)
class Growth:
    """What a batch adds: the new edge, and every tile and bundle to store, full ones and the new partial ones."""

    edge: Edge
    tiles: tuple[tuple[Tile, bytes], ...]
    bundles: tuple[tuple[Bundle, bytes], ...]


def edge_root(rows: Sequence[Sequence[bytes]]) -> bytes:
    """Return the root over the partial tiles of each level, level 0 first."""
    peaks: list[bytes] = []
    for row in reversed(rows):
        start = 0
        while start < len(row):
            width = 1 << ((len(row) - start).bit_length() - 1)
            peaks.append(complete_hash(row[start : start + width]))
            start += width
    return fold_peaks(peaks)


def grow(edge: Edge, entries: Sequence[bytes]) -> Growth:
    """Add entries to a log; each leaf hash is computed from the entry itself, never taken from elsewhere."""
    rows, pending = [list(row) for row in edge.rows], list(edge.entries)
    tiles: list[tuple[Tile, bytes]] = []
    bundles: list[tuple[Bundle, bytes]] = []
    size = edge.size
    for entry in entries:
        pending.append(entry)
        size += 1
        _push(rows, leaf_hash(entry), size, tiles)
        if len(pending) == TILE_WIDTH:
            bundles.append((Bundle(size // TILE_WIDTH - 1), encode_bundle(pending)))
            pending = []
    if pending and entries:
        bundles.append((Bundle(size // TILE_WIDTH, len(pending)), encode_bundle(pending)))
    tiles += [(tile, b"".join(rows[tile.level])) for tile in edge_tiles(size) if _is_new(tile, edge.size, size)]
    return Growth(Edge(size, tuple(map(tuple, rows)), tuple(pending)), tuple(tiles), tuple(bundles))


def restore_edge(
    size: int, root: bytes, read_tile: Callable[[Tile], bytes], read_bundle: Callable[[Bundle], bytes]
) -> Edge:
    """Rebuild the edge of a stored log, and check it against the root that was signed.

    Raise SplitViewError when what is stored is not what was signed: such a log must not sign again.
    """
    rows: list[tuple[bytes, ...]] = [() for _ in range((size.bit_length() + TILE_HEIGHT - 1) // TILE_HEIGHT)]
    for tile in edge_tiles(size):
        rows[tile.level] = tuple(parse_tile(read_tile(tile), tile.width))
    last, width = divmod(size, TILE_WIDTH)
    entries = tuple(parse_bundle(read_bundle(Bundle(last, width)), width)) if width else ()
    edge = Edge(size, tuple(rows), entries)
    if edge.root() != root or tuple(map(leaf_hash, entries)) != (rows[0] if rows else ()):
        raise SplitViewError("stored tiles or entries are not those of the signed root")
    return edge


def _push(rows: list[list[bytes]], hashed: bytes, size: int, tiles: list[tuple[Tile, bytes]]) -> None:
    """Add a leaf hash; each level that fills becomes a full tile and one hash of the level above."""
    level, count = 0, size
    while True:
        if level == len(rows):
            rows.append([])
        rows[level].append(hashed)
        if len(rows[level]) < TILE_WIDTH:
            return
        count //= TILE_WIDTH
        tiles.append((Tile(level, count - 1), b"".join(rows[level])))
        hashed = complete_hash(rows[level])
        rows[level] = []
        level += 1


def _is_new(tile: Tile, old: int, new: int) -> bool:
    return new >> (TILE_HEIGHT * tile.level) > old >> (TILE_HEIGHT * tile.level)
