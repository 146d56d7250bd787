"""RFC 6962 trees over SHA-256: hashes, an append-only frontier, inclusion and consistency proofs.

Proofs are made from a `NodeReader`, which returns the hash of any complete subtree; `tiles.node_reader` makes one from
stored tiles. Sources: RFC 6962 section 2.1, RFC 9162 sections 2.1.3 and 2.1.4. Vectors: tests/vectors/merkle.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from audit.errors import ProofError

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

NodeReader = Callable[[int, int], bytes]
"""reader(height, index) returns the hash of the complete subtree over leaves [index << height, (index + 1) << height)."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry: SHA-256(0x00 || entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two children: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """The frontier of a growing tree: at most 64 hashes, whatever its size. Owned by one task at a time."""

    __slots__ = ("_peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        # One complete subtree for each bit of the size, the largest first.
        self._peaks: list[bytes] = []

    def append(self, hashed: bytes) -> None:
        """Add a leaf hash."""
        sha256, peaks, size = hashlib.sha256, self._peaks, self.size
        while size & 1:
            hashed = sha256(b"\x01" + peaks.pop() + hashed).digest()
            size >>= 1
        peaks.append(hashed)
        self.size += 1

    def root(self) -> bytes:
        """Return the root hash over all leaves so far."""
        return fold_peaks(self._peaks)


def fold_peaks(peaks: Sequence[bytes]) -> bytes:
    """Return the root over complete subtrees of falling size, as they lie from left to right."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def tree_root(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root over a list of leaf hashes."""
    tree = Tree()
    for hashed in leaf_hashes:
        tree.append(hashed)
    return tree.root()


def range_hash(start: int, end: int, read: NodeReader) -> bytes:
    """Return the hash of leaves [start, end), where start is a multiple of the smallest power of two >= end - start."""
    height = (end - start).bit_length() - 1
    if end - start == 1 << height:
        return read(height, start >> height)
    peaks = []
    while start < end:
        height = (end - start).bit_length() - 1
        peaks.append(read(height, start >> height))
        start += 1 << height
    return fold_peaks(peaks)


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Hash many entries."""
    sha256 = hashlib.sha256
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def inclusion_proof(index: int, size: int, read: NodeReader) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of `size` leaves; the leaf's sibling comes first."""
    if not 0 <= index < size:
        raise ProofError("no such leaf in a tree of this size")
    path = []
    for height in range((size - 1).bit_length()):
        sibling = index >> height ^ 1
        if sibling + 1 << height <= size:
            path.append(read(height, sibling))
        # Without a sibling the subtree goes up as it is; the last one at a height may be incomplete.
        elif sibling << height < size:
            path.append(range_hash(sibling << height, size, read))
    return path


def consistency_proof(old: int, new: int, read: NodeReader) -> list[bytes]:
    """Return the proof that the first `old` leaves of the tree of `new` leaves are the tree of `old` leaves."""
    if not 0 <= old <= new:
        raise ProofError("the old tree is not the smaller one")
    if old in (0, new):
        return []
    path, start, end = [], 0, new
    while end != old:
        split = start + _split(end - start)
        left = old <= split
        path.append(range_hash(split, end, read) if left else range_hash(start, split, read))
        start, end = (start, split) if left else (split, end)
    # A proof that never left the left edge starts from the old root itself, which the verifier holds.
    if start:
        path.append(range_hash(start, end, read))
    return path[::-1]


def verify_inclusion(hashed: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf hash stands at `index` in the tree of `size` leaves and this root; raise ProofError."""
    if not 0 <= index < size or any(len(step) != HASH_SIZE for step in proof):
        raise ProofError("inclusion proof is not well-formed")
    at, last = index, size - 1
    for step in proof:
        if last == 0:
            raise ProofError("inclusion proof is too long")
        if at & 1 or at == last:
            hashed = node_hash(step, hashed)
            at, last = _climb(at, last)
        else:
            hashed = node_hash(hashed, step)
        at, last = at >> 1, last >> 1
    if last or hashed != root:
        raise ProofError("inclusion proof does not lead to the root")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check that the tree of `new` leaves extends the tree of `old` leaves; raise ProofError."""
    if not 0 <= old <= new or any(len(step) != HASH_SIZE for step in proof):
        raise ProofError("consistency proof is not well-formed")
    if old in (0, new):
        expected = EMPTY_ROOT if old == 0 else new_root
        if proof or old_root != expected:
            raise ProofError("trees of the same size differ, or a proof too many")
        return
    steps = list(proof) if old & (old - 1) else [old_root, *proof]
    if not steps:
        raise ProofError("consistency proof is too short")
    if _rebuild(old - 1, new - 1, steps) != (old_root, new_root):
        raise ProofError("consistency proof does not join the two roots")


def _rebuild(at: int, last: int, steps: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Fold a consistency proof into the old and the new root (RFC 9162 section 2.1.4.2)."""
    while at & 1:
        at, last = at >> 1, last >> 1
    older = newer = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ProofError("consistency proof is too long")
        if at & 1 or at == last:
            older, newer = node_hash(step, older), node_hash(step, newer)
            at, last = _climb(at, last)
        else:
            newer = node_hash(newer, step)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofError("consistency proof is too short")
    return older, newer


def _climb(at: int, last: int) -> tuple[int, int]:
    """Skip the levels at which a node on the right edge has no sibling."""
    while not at & 1 and at:
        at, last = at >> 1, last >> 1
    return at, last


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)
