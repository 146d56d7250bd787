from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audit.errors import LogFormatError
from audit.merkle import consistency_proof, inclusion_proof, leaf_hash, tree_root, verify_consistency, verify_inclusion
from audit.tiles import (
    Bundle,
    Tile,
    TileCache,
    bundles_between,
    edge_tiles,
    encode_bundle,
    encode_tile,
    node_reader,
    parse_bundle,
    parse_path,
    parse_tile,
    tile_width,
    tiles_between,
)

PLACES = st.one_of(
    st.builds(Tile, st.integers(0, 63), st.integers(0, 2**55 - 1), st.integers(1, 256)),
    st.builds(Bundle, st.integers(0, 2**55 - 1), st.integers(1, 256)),
)


@pytest.mark.parametrize(
    "place, path",
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 255), "tile/0/255"),
        (Tile(0, 999), "tile/0/999"),
        (Tile(0, 1_000), "tile/0/x001/000"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(2, 0, 1), "tile/2/000.p/1"),
        (Bundle(0, 3), "tile/entries/000.p/3"),
        (Bundle(1_234_067), "tile/entries/x001/x234/067"),
    ],
)
def test_worked_paths(place, path):
    """Paths of the examples, in both directions."""
    assert place.path == path
    assert parse_path(path) == place


@given(PLACES)
@settings(max_examples=150)
def test_every_place_has_one_path(place):
    """A path parses to the place that it was made of."""
    assert parse_path(place.path) == place


@given(st.one_of(st.text(max_size=30), st.from_regex(r"tile/(entries|\d{1,3})/(x?\d{1,3}/?){1,3}(\.p/\d{1,3})?\Z")))
@settings(max_examples=250)
def test_what_parses_has_the_same_path(path):
    """On any text: the one path of a place, or LogFormatError and nothing else."""
    try:
        place = parse_path(path)
    except LogFormatError:
        return
    assert place.path == path


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/001",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/8/0/000",
        "tile/data/000",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/\u0660\u0660\u0660",
        "tile/0/" + "x999/" * 7 + "999",
    ],
)
def test_other_spelling_of_a_path_is_refused(path):
    """Every place has one path, at most 2^63 leaves lie under it, and paths of other logs' schemes are none."""
    with pytest.raises(LogFormatError):
        parse_path(path)


@pytest.mark.parametrize(
    "size, tiles",
    [
        (0, []),
        (1, [Tile(0, 0, 1)]),
        (255, [Tile(0, 0, 255)]),
        (256, [Tile(0, 0), Tile(1, 0, 1)]),
        (257, [Tile(0, 0), Tile(0, 1, 1), Tile(1, 0, 1)]),
        (70_000, [*(Tile(0, n) for n in range(273)), Tile(0, 273, 112), Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1)]),
    ],
)
def test_worked_tiles_of_a_size(size, tiles):
    """A tree of a size has these tiles, no empty ones, and only full ones are hashed upward."""
    assert list(tiles_between(0, size)) == tiles
    assert edge_tiles(size) == [tile for tile in tiles if tile.width < 256]


def test_widths_around_65536():
    """At 65,536 leaves level 1 is just full, and level 2 has its first hash."""
    assert [tile_width(level, 65_535) for level in range(3)] == [255, 255, 0]
    assert [tile_width(level, 65_536) for level in range(3)] == [0, 0, 1]
    assert [tile_width(level, 65_537) for level in range(3)] == [1, 0, 1]


@given(st.integers(0, 3_000), st.integers(0, 3_000))
@settings(max_examples=80)
def test_growing_adds_what_was_not_there(one, other):
    """Going from a smaller to a larger tree touches exactly the tiles and bundles in which something is new."""
    old, new = sorted((one, other))
    added = set(tiles_between(old, new))
    assert added == set(tiles_between(0, new)) - set(tiles_between(0, old))
    assert set(bundles_between(old, new)) == set(bundles_between(0, new)) - set(bundles_between(0, old))
    assert not list(tiles_between(new, new))
    assert not list(bundles_between(new, old))


def test_worked_bundle():
    """Three entries, each behind its length."""
    data = bytes.fromhex("00076576656e742d3000076576656e742d3100076576656e742d32")
    entries = [b"event-0", b"event-1", b"event-2"]
    assert encode_bundle(entries) == data
    assert parse_bundle(data, 3) == entries


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=20))
@settings(max_examples=60)
def test_bundle_reads_back(entries):
    """A bundle holds the entries that it was made of."""
    assert parse_bundle(encode_bundle(entries), len(entries)) == entries


@given(st.binary(max_size=60), st.integers(1, 6))
@settings(max_examples=200)
def test_bundle_that_parses_encodes_to_the_same_bytes(data, width):
    """On any bytes: a bundle of exactly this width, or LogFormatError and nothing else."""
    try:
        entries = parse_bundle(data, width)
    except LogFormatError:
        return
    assert len(entries) == width
    assert encode_bundle(entries) == data


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\1", b"\0\1aa", b"\0\1a\0", b"\0\2a"])
def test_bundle_with_bytes_missing_or_left_over_is_refused(data):
    """A bundle ends with its last entry."""
    with pytest.raises(LogFormatError):
        parse_bundle(data, 1)


@pytest.mark.parametrize("entries", [[], [b""] * 257, [bytes(65_536)]])
def test_bundle_that_cannot_be_written_is_refused(entries):
    """1 to 256 entries of at most 65,535 bytes."""
    with pytest.raises(LogFormatError):
        encode_bundle(entries)


@given(st.integers(1, 3).flatmap(lambda width: st.tuples(st.binary(min_size=0, max_size=96), st.just(width))))
@example((bytes(range(64)), 2))
@settings(max_examples=100)
def test_tile_that_parses_encodes_to_the_same_bytes(tile):
    """On any bytes: the hashes of exactly this width, or LogFormatError and nothing else."""
    data, width = tile
    try:
        hashes = parse_tile(data, width)
    except LogFormatError:
        return
    assert len(hashes) == width
    assert encode_tile(hashes) == data


@pytest.mark.parametrize("hashes", [[], [b"short"], [bytes(32)] * 257])
def test_tile_that_cannot_be_written_is_refused(hashes):
    """1 to 256 hashes of 32 bytes."""
    with pytest.raises(LogFormatError):
        encode_tile(hashes)


def tiles_of(hashes):
    """Return every tile of a tree by brute force: each hash is the root over its leaves."""
    files = {}
    for tile in tiles_between(0, len(hashes)):
        span = 256**tile.level
        first = tile.index * 256 * span
        rows = [hashes[first + at * span : first + (at + 1) * span] for at in range(tile.width)]
        files[tile] = b"".join(map(tree_root, rows))
    return files


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 1_000, 65_537])
def test_proofs_from_tiles_verify(size):
    """Inclusion and consistency proofs read from stored tiles verify, at the sizes where tiles begin and end."""
    hashes = [leaf_hash(b"%d" % number) for number in range(size)]
    read, root = node_reader(size, tiles_of(hashes).__getitem__), tree_root(hashes)
    for index in {0, size // 3, size // 2, size - 1}:
        verify_inclusion(hashes[index], index, size, inclusion_proof(index, size, read), root)
    for old in {1, size // 2 or 1, max(size - 1, 1), min(size, 256)}:
        verify_consistency(old, size, consistency_proof(old, size, read), tree_root(hashes[:old]), root)


def test_tile_of_a_wrong_length_is_refused():
    """A reader takes no tile whose length is not that of its width."""
    with pytest.raises(LogFormatError):
        node_reader(2, lambda _: bytes(32))(1, 0)


def test_cache_asks_for_each_tile_once_and_stays_small():
    """A cache serves proofs of many sizes, reads a tile again only when it had to make room, and keeps to its limit."""
    hashes = [leaf_hash(b"%d" % number) for number in range(1_000)]
    files, asked = tiles_of(hashes), []
    cache = TileCache(limit=3)

    def read(tile):
        asked.append(tile)
        return files[tile]

    reader = node_reader(1_000, read, cache)
    for index in (5, 9, 200):
        verify_inclusion(hashes[index], index, 1_000, inclusion_proof(index, 1_000, reader), tree_root(hashes))
    assert sorted(tile.path for tile in asked) == ["tile/0/000", "tile/0/003.p/232", "tile/1/000.p/3"]
    verify_inclusion(hashes[300], 300, 1_000, inclusion_proof(300, 1_000, reader), tree_root(hashes))
    assert asked[-1] == Tile(0, 1)
    assert len(cache._rows) == 3
