"""Vectors of the tree and of its tiles."""

from __future__ import annotations

from collections.abc import Sequence

from audit.merkle import consistency_proof, inclusion_proof, tree_root
from audit.tiles import Tile, bundles_between, encode_bundle, parse_path, tiles_between
from crypto.encoding import encode_base64
from tests.vectors.log_basics import ENTRIES, HASHES, Vector, Vectors, b64, bad, good, hexes, reader


def merkle() -> Vectors:
    """Yield vectors of the tree."""
    for size in range(9):
        root = tree_root(HASHES[:size]).hex()
        yield f"root-{size}", good("root", f"root over {size} entries", entries=b64(ENTRIES[:size]), root=root)
    for index, size in ((2, 7), (6, 7), (0, 1), (7, 8), (4, 5)):
        proof = inclusion_proof(index, size, reader(size))
        fields = inclusion(index, size, proof)
        yield f"inclusion-{index}-in-{size}", good("inclusion", f"entry {index} in a tree of {size}", **fields)
    for old, new in ((3, 7), (4, 7), (1, 8), (6, 8), (7, 7), (0, 5)):
        fields = consistency(old, new, consistency_proof(old, new, reader(new)))
        yield f"consistency-{old}-to-{new}", good("consistency", f"a tree of {old} grew to {new}", **fields)
    path = inclusion_proof(2, 7, reader(7))
    proof = consistency_proof(3, 7, reader(7))
    yield (
        "prove-2-and-3-in-7",
        good(
            "prove",
            "proofs made from the entries",
            entries=b64(ENTRIES[:7]),
            index=2,
            old=3,
            inclusion=hexes(path),
            consistency=hexes(proof),
        ),
    )
    for name, comment, change in (
        ("other-leaf", "another leaf hash", {"leafHash": HASHES[3].hex()}),
        ("other-index", "another index", {"index": 3}),
        ("other-size", "a smaller tree", {"size": 4}),
        ("index-outside", "an index beyond the tree", {"index": 7}),
        ("short-path", "the last hash is missing", {"proof": hexes(path[:-1])}),
        ("long-path", "a hash too many", {"proof": hexes([*path, HASHES[0]])}),
        ("other-root", "another root", {"root": HASHES[0].hex()}),
    ):
        yield f"inclusion-{name}", bad("proof", "inclusion", comment, **inclusion(2, 7, path) | change)
    for name, comment, change in (
        ("other-old-root", "another old root", {"oldRoot": HASHES[0].hex()}),
        ("other-new-root", "another new root", {"newRoot": HASHES[0].hex()}),
        ("short", "the last hash is missing", {"proof": hexes(proof[:-1])}),
        ("long", "a hash too many", {"proof": hexes([*proof, HASHES[0]])}),
        ("shrunk", "the old tree is larger", {"old": 8}),
    ):
        yield f"consistency-{name}", bad("proof", "consistency", comment, **consistency(3, 7, proof) | change)


def inclusion(index: int, size: int, proof: Sequence[bytes]) -> Vector:
    """Return the inputs of an inclusion check."""
    root = tree_root(HASHES[:size]).hex()
    return {"leafHash": HASHES[index].hex(), "index": index, "size": size, "proof": hexes(proof), "root": root}


def consistency(old: int, new: int, proof: Sequence[bytes]) -> Vector:
    """Return the inputs of a consistency check."""
    roots = {"oldRoot": tree_root(HASHES[:old]).hex(), "newRoot": tree_root(HASHES[:new]).hex()}
    return {"old": old, "new": new, "proof": hexes(proof), **roots}


def tiles() -> Vectors:
    """Yield vectors of paths, widths, tiles and bundles."""
    for number, path in enumerate(
        (
            "tile/0/000",
            "tile/0/255",
            "tile/0/999",
            "tile/0/x001/000",
            "tile/0/x001/x234/067",
            "tile/0/273.p/112",
            "tile/2/000.p/1",
            "tile/63/000",
            "tile/entries/000.p/3",
            "tile/entries/x001/x234/067",
        )
    ):
        place = parse_path(path)
        kind, level = ("tile", place.level) if isinstance(place, Tile) else ("entries", 0)
        outputs = {"kind": kind, "level": level, "index": place.index, "width": place.width}
        yield f"path-{number}", good("path", "a path, both ways", path=path, **outputs)
    for name, path in (
        ("two-digits", "tile/0/00"),
        ("level-with-zero", "tile/00/000"),
        ("level-64", "tile/64/000"),
        ("leading-group", "tile/0/x000/001"),
        ("last-group-with-x", "tile/0/x001"),
        ("no-x", "tile/0/001/000"),
        ("width-0", "tile/0/000.p/0"),
        ("width-256", "tile/0/000.p/256"),
        ("width-with-zero", "tile/0/000.p/01"),
        ("other-scheme", "tile/8/0/000"),
        ("data", "tile/data/000"),
        ("newline", "tile/0/000\n"),
    ):
        yield f"path-{name}", bad("format", "path", "not the one path of a place", path=path)
    for old, new in ((0, 1), (0, 255), (0, 256), (255, 257), (256, 256), (65_535, 65_537), (69_990, 70_000)):
        added = {
            "tiles": [tile.path for tile in tiles_between(old, new)],
            "bundles": [bundle.path for bundle in bundles_between(old, new)],
        }
        yield f"widths-{old}-{new}", good("widths", f"what growing from {old} to {new} adds", old=old, new=new, **added)
    data = encode_bundle(ENTRIES[:3])
    yield "bundle-3", good("bundle", "three entries", data=encode_base64(data), width=3, entries=b64(ENTRIES[:3]))
    yield "bundle-empty-entry", good("bundle", "an empty entry", data=encode_base64(b"\0\0"), width=1, entries=[""])
    for name, comment, raw, width in (
        ("short", "the last byte is missing", data[:-1], 3),
        ("long", "a byte too many", data + b"\0", 3),
        ("narrow", "one entry fewer than its width", data, 4),
        ("wide", "one entry more than its width", data, 2),
        ("empty", "nothing at all", b"", 1),
    ):
        yield f"bundle-{name}", bad("format", "bundle", comment, data=encode_base64(raw), width=width)
    row = b"".join(HASHES[:3])
    yield "tile-3", good("tile", "three hashes", data=encode_base64(row), width=3, hashes=hexes(HASHES[:3]))
    yield "tile-short", bad("format", "tile", "the last byte is missing", data=encode_base64(row[:-1]), width=3)
