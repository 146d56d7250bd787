"""The whole log, rebuilt from its entries and compared with what is published; whatever differs is named.

Every hash is computed anew. Where entries and tiles disagree, the level above (for the last tile of a level, the signed
root) tells which of the two was changed, and the walk goes on with the other: one flipped byte gives one finding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Final

from audit.checkpoint import Checkpoint
from audit.control import ControlLeaf, parse_control, parse_identity
from audit.errors import LogFormatError
from audit.growth import edge_root
from audit.merkle import EMPTY_ROOT, leaf_hashes
from audit.note import VerifierKey
from audit.published import Fetcher, Finding, Published, Row
from audit.stream import CONTROL_LEAF
from audit.tags import TagIndex, tag_of
from audit.tiles import TILE_WIDTH, Bundle, Tile, complete_hash, tile_at

MAX_FINDINGS: Final = 100
_UNKNOWN: Final = bytes(32)

Progress = Callable[[int, int], None]
"""Called with the number of entries checked so far and the size of the log."""


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk over the log gave: findings, control leaves by index, and the root at the earlier size asked for."""

    findings: tuple[Finding, ...]
    controls: tuple[tuple[int, ControlLeaf], ...]
    root_then: bytes


def check_log(
    fetcher: Fetcher, checkpoint: Checkpoint, key: VerifierKey, then: int = 0, progress: Progress | None = None
) -> Walked:
    """Check every entry and tile below a verified checkpoint, and return the root at the size `then` <= its size."""
    walk = _Walk(Published(fetcher), checkpoint, key, then)
    for index in range(-(-checkpoint.size // TILE_WIDTH)):
        walk.take_bundle(index)
        if progress is not None:
            progress(min((index + 1) * TILE_WIDTH, checkpoint.size), checkpoint.size)
    walk.finish()
    walk.find_repeated_tags()
    return Walked(tuple(walk.findings), tuple(walk.controls), walk.root_then)


class _Walk:
    """One walk, from the first entry to the last; owned by one check.

    `rows` are the hashes of the tile of each level that is being filled, as settled so far.
    """

    def __init__(self, published: Published, checkpoint: Checkpoint, key: VerifierKey, then: int) -> None:
        self.published, self.checkpoint, self.key, self.then = published, checkpoint, key, then
        self.size = checkpoint.size
        self.findings: list[Finding] = []
        self.controls: list[tuple[int, ControlLeaf]] = []
        self.tags = TagIndex()
        self.rows: list[Row] = [[]]
        self.parents: dict[int, tuple[Tile, Row | None]] = {}
        self.root_then = checkpoint.root if then == checkpoint.size else EMPTY_ROOT

    def report(self, *findings: Finding | None) -> None:
        """Keep findings, up to a number beyond which nobody reads on."""
        room = MAX_FINDINGS - len(self.findings)
        self.findings += [finding for finding in findings if finding is not None][:room]

    def take_bundle(self, index: int) -> None:
        """Read one bundle, check and hash its entries, and settle the tile over them."""
        first = index * TILE_WIDTH
        bundle = Bundle(index, min(TILE_WIDTH, self.size - first))
        entries, finding = self.published.entries(bundle)
        self.report(finding)
        if entries is None:
            self.tags.skip(bundle.width)
        else:
            self.tags.add(entries)
            self.check_entries(first, entries)
        computed = leaf_hashes(entries or ())
        if bundle.width < TILE_WIDTH:
            self.rows[0] = computed
        else:
            self.push(computed)

    def check_entries(self, first: int, entries: Sequence[bytes]) -> None:
        """Check the form of each entry, and keep the control leaves."""
        if first == 0:
            self.check_identity(entries[0])
        for at, entry in enumerate(entries):
            if tag_of(entry) is None:
                self.check_control(first + at, entry)

    def check_control(self, index: int, entry: bytes) -> None:
        """Keep a control leaf; report what is neither that nor the leaf of an event."""
        try:
            self.controls.append((index, parse_control(entry)))
        except LogFormatError as error:
            kind = "control" if entry[:1] == bytes((CONTROL_LEAF,)) else "entry"
            self.report(Finding(kind, f"entry {index}", str(error)))

    def check_identity(self, entry: bytes) -> None:
        """Check that leaf 0 names the origin and log key that the check was started with."""
        try:
            identity = parse_identity(entry)
        except LogFormatError as error:
            self.report(Finding("identity", "entry 0", str(error)))
            return
        if (identity.origin, identity.log_key) != (self.checkpoint.origin, self.key):
            self.report(Finding("identity", "entry 0", "names another origin or log key than the one given"))

    def push(self, computed: Row) -> None:
        """Settle a full tile of level 0 and hand its hash up; each level that fills does the same."""
        level, hashed = 0, b""
        while True:
            if level == len(self.rows):
                self.rows.append([])
            row = computed if level == 0 else [*self.rows[level], hashed]
            self.rows[level] = row
            if level and len(row) < TILE_WIDTH:
                return
            settled = self.settle(Tile(level, self.index_at(level)), row)
            if level == 0:
                self.mark(self.index_at(0) * TILE_WIDTH, settled)
            self.rows[level] = []
            hashed = complete_hash(settled)
            level += 1

    def index_at(self, level: int) -> int:
        """Return the index of the tile that is being filled, from the rows above it."""
        return sum(len(row) * TILE_WIDTH**at for at, row in enumerate(self.rows[level + 1 :]))

    def settle(self, tile: Tile, computed: Row) -> Row:
        """Return the hashes of a full tile that the level above vouches for; report those that differ."""
        stored, finding = self.published.hashes(tile)
        self.report(finding)
        if stored is None or stored == computed:
            return computed or [_UNKNOWN] * TILE_WIDTH
        if not computed:
            return stored
        wanted = self.parent_hash(tile)
        if wanted == complete_hash(stored):
            self.report(*_below(tile, computed, stored))
            return stored
        self.report(*_within(tile, computed, stored, sure=wanted == complete_hash(computed)))
        return computed

    def parent_hash(self, tile: Tile) -> bytes | None:
        """Return the hash that the stored tile above holds for this tile; what ails that one is reported in its turn."""
        index, at = divmod(tile.index, TILE_WIDTH)
        above = tile_at(tile.level + 1, index, self.size)
        if self.parents.get(tile.level, (tile, None))[0] != above:
            self.parents[tile.level] = above, self.published.hashes(above)[0]
        row = self.parents[tile.level][1]
        return row[at] if row is not None else None

    def mark(self, first: int, settled: Row) -> None:
        """Keep the root at the earlier size when it lies within these leaves."""
        if first <= self.then < min(self.size, first + TILE_WIDTH):
            self.root_then = edge_root([settled[: self.then - first], *self.rows[1:]])

    def finish(self) -> None:
        """Settle the last tile of every level by the signed root."""
        levels = [self.last_tile(level, row) for level, row in enumerate(self.rows)]
        # Few tiles differ, so few combinations are tried; what was computed comes first.
        choices = product(*([row for row in (computed, stored) if row] or [[]] for _, computed, stored in levels))
        found = next((rows for rows in islice(choices, 2**16) if edge_root(rows) == self.checkpoint.root), None)
        if found is None:
            self.report(Finding("root", "checkpoint", "entries and tiles do not lead to the signed root"))
        for at, (tile, computed, stored) in enumerate(levels):
            if computed and stored and found is not None and found[at] is stored:
                self.report(*_below(tile, computed, stored))
            elif computed and stored:
                self.report(*_within(tile, computed, stored, sure=found is not None))
        self.rows = list(found) if found is not None else self.rows
        self.mark(self.size - self.size % TILE_WIDTH, self.rows[0])

    def last_tile(self, level: int, computed: Row) -> tuple[Tile, Row, Row]:
        """Return the partial tile of a level, as computed and, where that differs, as stored."""
        tile = tile_at(level, (self.size >> (8 * level)) // TILE_WIDTH, self.size)
        if tile.width == 0:
            return tile, computed, []
        stored, finding = self.published.hashes(tile)
        self.report(finding)
        return tile, computed, stored if stored and stored != computed else []

    def find_repeated_tags(self) -> None:
        """Report every event whose tag an earlier entry has."""
        for index, earlier in islice(self.tags.repeated(self.entry_at), MAX_FINDINGS):
            self.report(Finding("tag", f"entry {index}", f"repeats the tag of entry {earlier}"))

    def entry_at(self, index: int) -> bytes:
        """Read one entry again; empty when it cannot be read."""
        number, at = divmod(index, TILE_WIDTH)
        entries, _ = self.published.entries(Bundle(number, min(TILE_WIDTH, self.size - number * TILE_WIDTH)))
        return entries[at] if entries is not None else b""


def _within(tile: Tile, computed: Row, stored: Row, *, sure: bool) -> list[Finding]:
    """Name the hashes of a tile that are not those of what lies below it."""
    source = "the entry" if tile.level == 0 else f"level {tile.level - 1}"
    doubt = "" if sure else ", and nothing above tells which is right"
    return [
        Finding("tile", tile.path, f"level {tile.level} hash {at} is not that of {source}{doubt}")
        for at in _differences(computed, stored)
    ]


def _below(tile: Tile, computed: Row, stored: Row) -> list[Finding]:
    """Name what lies below the differing hashes of a tile that stands: an entry, or a whole range of them."""
    findings = []
    for at in _differences(computed, stored):
        span = TILE_WIDTH**tile.level
        first = (tile.index * TILE_WIDTH + at) * span
        where = f"entry {first}" if span == 1 else f"entries {first} to {first + span - 1}"
        findings.append(Finding("entry", where, f"not what {tile.path} hash {at} was made of"))
    return findings


def _differences(computed: Row, stored: Row) -> list[int]:
    return [at for at, (one, other) in enumerate(zip(computed, stored, strict=True)) if one != other]
