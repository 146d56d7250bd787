from __future__ import annotations

import random

import pytest

from audit.errors import LogFormatError, SplitViewError
from audit.growth import Edge, grow, restore_edge
from audit.merkle import EMPTY_ROOT, leaf_hash, tree_root
from audit.tiles import Bundle, encode_bundle
from tests.audit.small_log import SmallLog
from tests.audit.test_tiles import tiles_of

ENTRIES = [b"entry-%d" % number for number in range(65_537)]


def test_empty_log():
    """A log without entries has the empty root, and growing by nothing stores nothing."""
    growth = grow(Edge(), [])
    assert (growth.edge, growth.tiles, growth.bundles) == (Edge(), (), ())
    assert growth.edge.root() == EMPTY_ROOT


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_535, 65_536, 65_537])
def test_one_batch_gives_every_tile_of_the_size(size):
    """At the sizes where tiles begin and end, the stored tiles and bundles are those of the definition."""
    growth = grow(Edge(), ENTRIES[:size])
    hashes = [leaf_hash(entry) for entry in ENTRIES[:size]]
    assert growth.edge.root() == tree_root(hashes)
    assert dict(growth.tiles) == tiles_of(hashes)
    assert dict(growth.bundles) == {
        Bundle(at // 256, min(256, size - at)): encode_bundle(ENTRIES[at : min(at + 256, size)])
        for at in range(0, size, 256)
    }


def test_batches_of_any_size_give_the_same_log():
    """However the entries are cut into batches, the files are those of one batch, plus partial ones of older sizes."""
    chosen, log, at = random.Random(8), SmallLog(), 0
    while at < 1_500:
        step = chosen.choice([1, 2, 100, 255, 256, 257, 300])
        log.append(ENTRIES[at : at + step])
        at += step
        hashes = [leaf_hash(entry) for entry in ENTRIES[:at]]
        assert log.edge.root() == tree_root(hashes)
        assert all(log.files[tile.path] == data for tile, data in tiles_of(hashes).items())


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600])
def test_edge_is_restored_from_storage(size):
    """After a restart the edge comes back from the stored files, and growing goes on as if nothing had happened."""
    log = SmallLog()
    log.append(ENTRIES[:size])
    edge = restore_edge(size, log.edge.root(), lambda tile: log.files[tile.path], lambda bundle: log.files[bundle.path])
    assert edge.root() == log.edge.root()
    assert grow(edge, ENTRIES[size : size + 300]).edge.root() == tree_root(map(leaf_hash, ENTRIES[: size + 300]))


@pytest.mark.parametrize("path", ["tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/002.p/88"])
def test_damaged_storage_is_not_grown_upon(path):
    """A12: a flipped bit in what the next tree would be built on stops the log before it signs."""
    log = SmallLog(600)
    log.flip(path, 40)
    with pytest.raises(SplitViewError):
        restore_edge(600, log.edge.root(), lambda tile: log.files[tile.path], lambda bundle: log.files[bundle.path])


def test_other_root_is_not_grown_upon():
    """Storage that is whole but older or other than what was signed is refused."""
    log = SmallLog(300)
    with pytest.raises(SplitViewError):
        restore_edge(300, bytes(32), lambda tile: log.files[tile.path], lambda bundle: log.files[bundle.path])


def test_entry_too_long_for_a_bundle_is_refused():
    """Nothing longer than 65,535 bytes enters the log, and the edge stays as it was."""
    edge = grow(Edge(), ENTRIES[:5]).edge
    with pytest.raises(LogFormatError):
        grow(edge, [bytes(65_536)])
    assert edge == grow(Edge(), ENTRIES[:5]).edge
