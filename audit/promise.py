"""Promises: what a reader gets at once, before the log has grown over the event.

One note per commit batch covers all its leaves: a root over their hashes, padded with random hashes to a power of two,
so that neither the proof nor the count tells how busy the service was. A promise without inclusion after the merge
delay is evidence against us. The promise key signs nothing else. Page: docs/spec/promise.md. Vectors:
tests/vectors/promise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from audit.errors import LogFormatError, NoteError, ProofError
from audit.merkle import HASH_SIZE, leaf_hash, node_hash, verify_inclusion
from audit.note import VerifierKey, parse_note, sign_note, verify_note
from crypto.encoding import decode_base64, encode_base64
from crypto.errors import CryptoError
from crypto.keys import SigningKey

HEADER: Final = "dossier-audit-promise/v1"
MERGE_DELAY: Final = 60
"""Seconds within which the log must have grown over the promised leaves."""

MAX_COUNT: Final = 4_096
_NAME: Final = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_LINES: Final = 6


@dataclass(frozen=True, slots=True)
class Promise:
    """The text of a promise note.

    `root` is over `count` leaf hashes, a power of two; `issued` is in UTC milliseconds, `delay` in seconds.
    """

    origin: str
    root: bytes
    count: int
    issued: int
    delay: int = MERGE_DELAY

    def __post_init__(self) -> None:
        """Refuse what the text form cannot carry."""
        good = _NAME.fullmatch(self.origin) and len(self.root) == HASH_SIZE and self.issued >= 0 and self.delay >= 0
        if not good or not 0 < self.count <= MAX_COUNT or self.count & (self.count - 1):
            raise LogFormatError("not a promise")

    def encode(self) -> str:
        """Return the six lines."""
        return f"{HEADER}\n{self.origin}\n{encode_base64(self.root)}\n{self.count}\n{self.issued}\n{self.delay}\n"

    @property
    def due(self) -> int:
        """UTC milliseconds after which a checkpoint without the leaf breaks the promise."""
        return self.issued + self.delay * 1000


@dataclass(frozen=True, slots=True)
class PromiseBatch:
    """A signed promise with every level of its tree: `path(i)` costs no hashing."""

    note: bytes
    levels: tuple[tuple[bytes, ...], ...]

    def path(self, index: int) -> list[bytes]:
        """Return the inclusion path of the leaf at `index` of the batch, the leaf's sibling first."""
        return [row[(index >> height) ^ 1] for height, row in enumerate(self.levels[:-1])]


def padding_count(count: int) -> int:
    """Return how many random hashes of 32 bytes fill a batch of `count` leaves up to a power of two."""
    return (1 << max(count - 1, 0).bit_length()) - count


def make_promise(
    origin: str, leaf_hashes: Sequence[bytes], padding: Sequence[bytes], issued: int, name: str, key: SigningKey
) -> PromiseBatch:
    """Promise a batch of leaves: `name` and `key` are the promise key's, `padding` as many as `padding_count` says.

    Raise LogFormatError for an empty or too large batch and for other padding.
    """
    if not leaf_hashes or len(padding) != padding_count(len(leaf_hashes)):
        raise LogFormatError("a batch is filled up to a power of two")
    levels = [(*leaf_hashes, *padding)]
    while len(levels[-1]) > 1:
        row = levels[-1]
        levels.append(tuple(node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)))
    promise = Promise(origin, b"".join(levels[-1]), len(levels[0]), issued)
    return PromiseBatch(sign_note(promise.encode(), name, key).encode(), tuple(levels))


def parse_promise(text: str) -> Promise:
    """Parse the text of a promise note; raise LogFormatError."""
    lines = text.split("\n")
    if len(lines) != _LINES + 1 or lines[0] != HEADER or lines[-1]:
        raise LogFormatError("text is not a promise")
    if not all(_NUMBER.fullmatch(line) for line in lines[3:6]):
        raise LogFormatError("number in a promise is not canonical")
    try:
        root = decode_base64(lines[2])
    except CryptoError as error:
        raise LogFormatError("root of the promise is not base64") from error
    return Promise(lines[1], root, int(lines[3]), int(lines[4]), int(lines[5]))


def verify_promise(
    data: bytes, key: VerifierKey, origin: str, leaf: bytes, index: int, path: Sequence[bytes]
) -> Promise:
    """Check that the promise key of the log `origin` promised to log exactly this leaf (its 97 bytes).

    Raise NoteError for another signer or log, ProofError for another leaf, LogFormatError.
    """
    note = parse_note(data)
    verify_note(note, (key,))
    promise = parse_promise(note.text)
    if promise.origin != origin:
        raise NoteError("promise is of another log")
    if len(path) != promise.count.bit_length() - 1:
        raise ProofError("path has the wrong length for the batch")
    verify_inclusion(leaf_hash(leaf), index, promise.count, path, promise.root)
    return promise
