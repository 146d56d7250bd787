"""tlog-tiles: the tree and its entries as static files. Paths in both directions, widths, bundles, hashes from tiles.

A full tile holds 256 hashes; tile n of level l, hash i = the subtree over leaves [(n*256+i)*256^l, (n*256+i+1)*256^l).
Source: c2sp.org/tlog-tiles. Vectors: tests/vectors/tiles.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from audit.errors import LogFormatError
from audit.merkle import HASH_SIZE, NodeReader

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 256
MAX_LEVEL: Final = 63
MAX_ENTRY: Final = 65_535
_MAX_INDEX: Final = 2**63 // TILE_WIDTH

# tile/<L>/<N>[.p/<W>] and tile/entries/<N>[.p/<W>]; N in groups of three digits, all but the last prefixed with x.
_PATH: Final = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Tile:
    """Where a tile of hashes lies: level 0 to 63, index, width 1 to 256 (256 is a full tile)."""

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """The path below the log's prefix."""
        return f"tile/{self.level}/{_index_path(self.index)}{_suffix(self.width)}"


@dataclass(frozen=True, slots=True)
class Bundle:
    """Where a bundle of entries lies: index, width 1 to 256."""

    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """The path below the log's prefix."""
        return f"tile/entries/{_index_path(self.index)}{_suffix(self.width)}"


def parse_path(path: str) -> Tile | Bundle:
    """Parse the path of a tile or bundle; raise LogFormatError for any other spelling than the one of the source."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise LogFormatError("not the path of a tile")
    index = int(match["index"].replace("x", "").replace("/", ""))
    width = int(match["width"] or TILE_WIDTH)
    level = 0 if match["level"] == "entries" else int(match["level"])
    place = Bundle(index, width) if match["level"] == "entries" else Tile(level, index, width)
    if level > MAX_LEVEL or index >= _MAX_INDEX or place.path != path:
        raise LogFormatError("path of a tile is not canonical")
    return place


def tile_width(level: int, size: int) -> int:
    """Return the width of the partial tile of a level in a tree of `size` leaves; 0 when there is none."""
    return (size >> (TILE_HEIGHT * level)) % TILE_WIDTH


def tile_at(level: int, index: int, size: int) -> Tile:
    """Return a tile with the width that it has in a tree of `size` leaves."""
    return Tile(level, index, min(TILE_WIDTH, (size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH))


def edge_tiles(size: int) -> list[Tile]:
    """Return the partial tile of each level that has one: with them and the last bundle a log goes on growing."""
    levels = range((size.bit_length() + TILE_HEIGHT - 1) // TILE_HEIGHT)
    widths = ((level, tile_width(level, size)) for level in levels)
    return [Tile(level, size >> (TILE_HEIGHT * (level + 1)), width) for level, width in widths if width]


def tiles_between(old: int, new: int) -> Iterator[Tile]:
    """Yield every tile, full or partial, that a tree of `new` leaves has and one of `old` leaves has not."""
    level = 0
    while (count := new >> (TILE_HEIGHT * level)) > 0:
        before = old >> (TILE_HEIGHT * level)
        if count > before:
            for index in range(before // TILE_WIDTH, -(-count // TILE_WIDTH)):
                yield Tile(level, index, min(TILE_WIDTH, count - index * TILE_WIDTH))
        level += 1


def bundles_between(old: int, new: int) -> Iterator[Bundle]:
    """Yield every entry bundle that a log of `new` entries has and one of `old` entries has not."""
    if new > old:
        for index in range(old // TILE_WIDTH, -(-new // TILE_WIDTH)):
            yield Bundle(index, min(TILE_WIDTH, new - index * TILE_WIDTH))


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Join 1 to 256 entries, each behind its length as 2 bytes, big-endian; raise LogFormatError for a longer entry."""
    if not 0 < len(entries) <= TILE_WIDTH or max(map(len, entries)) > MAX_ENTRY:
        raise LogFormatError("a bundle holds 1 to 256 entries of at most 65,535 bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def parse_bundle(data: bytes, width: int) -> list[bytes]:
    """Split a bundle of exactly `width` entries; raise LogFormatError for missing or trailing bytes."""
    entries, at, size = [], 0, len(data)
    while at + 2 <= size:
        start = at + 2
        at = start + (data[start - 2] << 8 | data[start - 1])
        entries.append(data[start:at])
    if at != size:
        raise LogFormatError("bundle is cut within an entry")
    if len(entries) != width:
        raise LogFormatError(f"bundle holds {len(entries)} entries, not {width}")
    return entries


def encode_tile(hashes: Sequence[bytes]) -> bytes:
    """Join the 1 to 256 hashes of a tile."""
    if not 0 < len(hashes) <= TILE_WIDTH or any(len(hashed) != HASH_SIZE for hashed in hashes):
        raise LogFormatError("a tile holds 1 to 256 hashes of 32 bytes")
    return b"".join(hashes)


def parse_tile(data: bytes, width: int) -> list[bytes]:
    """Split a tile of exactly `width` hashes; raise LogFormatError for another length."""
    if len(data) != width * HASH_SIZE:
        raise LogFormatError(f"tile holds {len(data)} bytes, not {width} hashes")
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


def complete_hash(hashes: Sequence[bytes]) -> bytes:
    """Return the root over a power of two of subtree hashes of equal height."""
    row = b"".join(hashes)
    while len(row) > HASH_SIZE:
        row = _parents(row)
    return row


class TileCache:
    """Tiles as read, each with the hashes of all complete subtrees within it; at most `limit`, the oldest goes first.

    A tile of one width never changes, so one cache serves every size of a log. About 16 kB a tile.
    """

    def __init__(self, limit: int = 1_024) -> None:
        self._limit = limit
        self._rows: dict[tuple[int, int, int], list[bytes]] = {}

    def rows(self, level: int, index: int, width: int, read: Callable[[Tile], bytes]) -> list[bytes]:
        """Return the rows of a tile, joined: its own hashes, then one row for each height above."""
        found = self._rows.get((level, index, width))
        if found is None:
            found = _all_rows(read(Tile(level, index, width)), width)
            if len(self._rows) >= self._limit:
                del self._rows[next(iter(self._rows))]
            self._rows[level, index, width] = found
        return found


def node_reader(size: int, read: Callable[[Tile], bytes], cache: TileCache | None = None) -> NodeReader:
    """Return a reader of subtree hashes over the tiles of a tree of `size` leaves.

    `read` returns the bytes of a tile, at the width that it has in this tree. Raise LogFormatError for a wrong length.
    """
    rows = (TileCache() if cache is None else cache).rows

    def node(height: int, index: int) -> bytes:
        level, above = divmod(height, TILE_HEIGHT)
        tile, at = divmod(index, TILE_WIDTH >> above)
        full = tile < size >> TILE_HEIGHT * (level + 1)
        width, start = TILE_WIDTH if full else tile_width(level, size), at * HASH_SIZE
        return rows(level, tile, width, read)[above][start : start + HASH_SIZE]

    return node


def _all_rows(data: bytes, width: int) -> list[bytes]:
    if len(data) != width * HASH_SIZE:
        raise LogFormatError(f"tile holds {len(data)} bytes, not {width} hashes")
    rows = [data]
    while len(rows[-1]) > HASH_SIZE:
        rows.append(_parents(rows[-1]))
    return rows


def _parents(row: bytes) -> bytes:
    """Hash the pairs of a row of joined hashes; one without a partner has no complete subtree above it."""
    sha256, pair = hashlib.sha256, 2 * HASH_SIZE
    return b"".join([sha256(b"\x01" + row[at : at + pair]).digest() for at in range(0, len(row) - HASH_SIZE, pair)])


def _index_path(index: int) -> str:
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03d}")
    return "/".join(reversed(groups))


def _suffix(width: int) -> str:
    return "" if width == TILE_WIDTH else f".p/{width}"
