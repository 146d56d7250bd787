"""The log: appending to the tree, inclusion proofs from stored tiles, verifying an exported log (T11, T12)."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from audit.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from audit.control import LogIdentity, encode_identity
from audit.growth import Edge, grow
from audit.merkle import NodeReader, Tree, inclusion_proof, leaf_hash, verify_inclusion
from audit.note import ED25519, VerifierKey
from audit.tiles import TILE_WIDTH, Bundle, Tile, TileCache, node_reader, parse_bundle
from audit.verify import verify_log
from crypto.keys import SigningKey
from web.bench.rounds import Measure, Work, rate

ORIGIN = "localhost/bench"
BATCH = 256
LEAF = 97
SMALL_TREE, WARMING = 21_000, 50
"""Leaves of the tree in which pymerkle proves (it slows down as its tree grows), and proofs that fill its cache before."""


def measures(entries: int, folder: Path) -> list[Measure]:
    """Tree and proofs against bare hashes, and against pymerkle where it is installed; a log of so many entries."""
    hashing, words, proving = "bare hashing, leaf and node", f"log of {entries:,}", _proving(entries, folder)
    found = [
        Measure(hashing, "1/s", _hashing),
        Measure("append to the tree", "1/s", _appending, hashing, 0.5, limit=150_000, goal="T11"),
        Measure(f"verify a {words}", "1/s", _verifying(entries), hashing, limit=125_000, goal="T12"),
        Measure(f"proof from stored tiles, {words}", "1/s", proving, limit=8_000, goal="T11"),
    ]
    return found + (_against_pymerkle(proving, folder) if find_spec("pymerkle") else [])


def _against_pymerkle(proving: Work, folder: Path) -> list[Measure]:
    append, prove = "pymerkle, append in memory", f"pymerkle, proof from SQLite, tree of {SMALL_TREE:,}"
    return [
        Measure(append, "1/s", _pymerkle_appending),
        Measure("append against pymerkle", "1/s", _appending, append, 3, goal="T11"),
        Measure(prove, "1/s", _pymerkle_proving(folder)),
        Measure("proof against pymerkle", "1/s", proving, prove, 20, goal="T11"),
    ]


async def _hashing(seconds: float) -> float:
    leaf, pair = bytes(LEAF + 1), bytes(65)
    return rate(lambda: (hashlib.sha256(leaf).digest(), hashlib.sha256(pair).digest()), seconds)


async def _appending(seconds: float) -> float:
    tree, leaf = Tree(), secrets.token_bytes(LEAF)
    return rate(lambda: tree.append(leaf_hash(leaf)), seconds)


@dataclass
class Exported:
    """A log in memory, as its published files: what a verifier fetches."""

    files: dict[str, bytes]

    def checkpoint(self) -> bytes | None:
        """The signed note."""
        return self.files["checkpoint"]

    def tile(self, tile: Tile) -> bytes | None:
        """The bytes of a tile."""
        return self.files.get(tile.path)

    def entries(self, bundle: Bundle) -> bytes | None:
        """The bytes of a bundle."""
        return self.files.get(bundle.path)


@cache
def export(size: int) -> tuple[Exported, VerifierKey]:
    """Make a log of so many entries: control leaf 0, then opaque leaves."""
    key, promise = SigningKey.generate(), SigningKey.generate()
    verifier = VerifierKey(ORIGIN, ED25519, key.public)
    identity = LogIdentity(
        ORIGIN, verifier, VerifierKey(f"{ORIGIN}/p", ED25519, promise.public), key.public, (promise.public,), 1
    )
    edge, files = Edge(), dict[str, bytes]()
    todo = [encode_identity(identity), *(b"\x01" + secrets.token_bytes(LEAF - 1) for _ in range(size - 1))]
    for at in range(0, len(todo), BATCH * 16):
        growth = grow(edge, todo[at : at + BATCH * 16])
        edge = growth.edge
        files |= {tile.path: data for tile, data in growth.tiles}
        files |= {bundle.path: data for bundle, data in growth.bundles}
    note = sign_checkpoint(Checkpoint(ORIGIN, edge.size, edge.root()), key)
    return Exported(files | {"checkpoint": note.encode()}), verifier


def _verifying(size: int) -> Work:
    async def work(_seconds: float) -> float:
        exported, verifier = export(size)
        begun = time.perf_counter()
        if not verify_log(exported, verifier).ok:
            raise RuntimeError("the measured log does not verify")
        return size / (time.perf_counter() - begun)

    return work


def _proving(size: int, folder: Path) -> Work:
    """Proofs of random leaves from tiles as files, with as many kept in memory as `TileCache` keeps."""

    @cache
    def reader() -> NodeReader:
        exported, verifier = export(size)
        tiles = node_reader(size, _stored(exported, folder / f"log-{size}"), TileCache())
        # One proof is checked before any is timed; one of each tile, and the tiles in memory are those of a busy day.
        first = Bundle(0, min(size, TILE_WIDTH))
        entry = parse_bundle(exported.files[first.path], first.width)[0]
        root = verify_checkpoint(exported.files["checkpoint"], verifier).root
        verify_inclusion(leaf_hash(entry), 0, size, inclusion_proof(0, size, tiles), root)
        for index in range(0, size, TILE_WIDTH):
            inclusion_proof(index, size, tiles)
        return tiles

    async def work(seconds: float) -> float:
        tiles = reader()
        return rate(lambda: inclusion_proof(secrets.randbelow(size), size, tiles), seconds)

    return work


def _stored(exported: Exported, folder: Path) -> Callable[[Tile], bytes]:
    """Write the tiles of a log as files, once, and return how to read one."""
    if not folder.exists():
        for name, data in exported.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return lambda tile: (folder / tile.path).read_bytes()


async def _pymerkle_appending(seconds: float) -> float:
    tree, entry = import_module("pymerkle").InmemoryTree(), secrets.token_bytes(LEAF)
    return rate(lambda: tree.append_entry(entry), seconds)


def _pymerkle_proving(folder: Path) -> Work:
    @cache
    def tree() -> Any:
        made = import_module("pymerkle").SqliteTree(str(folder / "pymerkle.db"))
        made.append_entries([secrets.token_bytes(LEAF) for _ in range(SMALL_TREE)])
        for _ in range(WARMING):
            made.prove_inclusion(secrets.randbelow(SMALL_TREE) + 1, SMALL_TREE)
        return made

    async def work(seconds: float) -> float:
        proving = tree()
        return rate(lambda: proving.prove_inclusion(secrets.randbelow(SMALL_TREE) + 1, SMALL_TREE), seconds)

    return work
