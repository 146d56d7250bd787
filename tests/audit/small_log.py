"""A small log in memory: it grows as the sequencer's does, publishes files, and lets a test break one of them."""

from __future__ import annotations

import hashlib

from audit.checkpoint import Checkpoint, sign_checkpoint
from audit.control import LogIdentity, encode_identity
from audit.growth import Edge, grow
from audit.note import COSIGNATURE, ED25519, VerifierKey
from audit.tiles import Bundle, Tile
from crypto.keys import SigningKey

ORIGIN = "audit.example.nl/log1"
LOG_KEY = SigningKey.from_seed(bytes(range(32)))
LOG = VerifierKey(ORIGIN, ED25519, LOG_KEY.public)
WITNESS_KEY = SigningKey.from_seed(bytes(range(32, 64)))
WITNESS = VerifierKey("witness.example.nl/w1", COSIGNATURE, WITNESS_KEY.public)
PROMISE_KEY = SigningKey.from_seed(bytes(range(64, 96)))
PROMISE = VerifierKey(f"{ORIGIN}/promise", ED25519, PROMISE_KEY.public)
IDENTITY = LogIdentity(ORIGIN, LOG, PROMISE, b"d" * 32, (b"r" * 32, b"s" * 32), 2)


def entry(number: int) -> bytes:
    """Return the leaf of some event, another for each number."""
    tag = hashlib.sha256(b"tag%d" % number).digest()
    return b"\x01" + tag + hashlib.sha256(b"rest%d" % number).digest() * 2


class SmallLog:
    """The published files of a log, by path; it is a Fetcher itself."""

    def __init__(self, size: int = 0) -> None:
        self.edge = Edge()
        self.files: dict[str, bytes] = {}
        if size:
            self.append([encode_identity(IDENTITY), *map(entry, range(1, size))])

    def append(self, entries: list[bytes]) -> None:
        """Grow over entries and publish."""
        growth = grow(self.edge, entries)
        self.edge = growth.edge
        for tile, data in growth.tiles:
            self.files[tile.path] = data
        for bundle, data in growth.bundles:
            self.files[bundle.path] = data
        self.sign()

    def sign(self, root: bytes | None = None) -> None:
        """Publish a checkpoint, of another root if a test wants to lie."""
        checkpoint = Checkpoint(ORIGIN, self.edge.size, root or self.edge.root())
        self.files["checkpoint"] = sign_checkpoint(checkpoint, LOG_KEY).encode()

    def flip(self, path: str, at: int) -> None:
        """Flip one bit of a published file."""
        data = bytearray(self.files[path])
        data[at] ^= 1
        self.files[path] = bytes(data)

    def checkpoint(self) -> bytes | None:
        """Return the signed checkpoint."""
        return self.files.get("checkpoint")

    def tile(self, tile: Tile) -> bytes | None:
        """Return a tile."""
        return self.files.get(tile.path)

    def entries(self, bundle: Bundle) -> bytes | None:
        """Return a bundle."""
        return self.files.get(bundle.path)
