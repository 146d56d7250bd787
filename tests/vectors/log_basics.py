"""What the makers of the log's vectors share: fixed keys and entries, and the shape of a vector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from audit.merkle import leaf_hash
from audit.note import COSIGNATURE, ED25519, VerifierKey
from audit.tiles import node_reader
from crypto.encoding import encode_base64
from crypto.keys import SigningKey

ORIGIN = "audit.example.nl/log1"
LOG_KEY = SigningKey.from_seed(bytes(range(32)))
LOG = VerifierKey(ORIGIN, ED25519, LOG_KEY.public)
WITNESS_KEY = SigningKey.from_seed(bytes(range(32, 64)))
WITNESS = VerifierKey("witness.example.nl/w1", COSIGNATURE, WITNESS_KEY.public)
PROMISE_KEY = SigningKey.from_seed(bytes(range(64, 96)))
PROMISE = VerifierKey(f"{ORIGIN}/promise", ED25519, PROMISE_KEY.public)
ENTRIES = [b"event-%d" % number for number in range(8)]
HASHES = [leaf_hash(entry) for entry in ENTRIES]
STREAM, PERSON, OFFICE, ITEM = "0a" * 16, "1b" * 16, "2c" * 16, "3d" * 16
KEY, SEED, NEXT_KEY = b"\x11" * 32, b"\x22" * 32, b"\x33" * 32
ISSUED = 1_700_000_000_123

Vector = dict[str, Any]
Vectors = Iterator[tuple[str, Vector]]


def good(operation: str, comment: str, **fields: Any) -> Vector:
    """Return a vector that succeeds."""
    return {"comment": comment, "expect": "success", "operation": operation, **fields}


def bad(expect: str, operation: str, comment: str, **fields: Any) -> Vector:
    """Return a vector with one fault; `expect` is the class of the failure."""
    return {"comment": comment, "expect": expect, "operation": operation, **fields}


def b64(pieces: Sequence[bytes]) -> list[str]:
    """Return byte strings as base64."""
    return [encode_base64(piece) for piece in pieces]


def hexes(hashes: Sequence[bytes]) -> list[str]:
    """Return hashes as hex."""
    return [piece.hex() for piece in hashes]


def reader(size: int) -> Any:
    """Return a reader of subtree hashes of the first entries."""
    return node_reader(size, lambda tile: b"".join(HASHES[: tile.width]))
