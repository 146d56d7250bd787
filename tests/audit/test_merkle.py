from __future__ import annotations

import functools
import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import ProofError
from audit.merkle import (
    EMPTY_ROOT,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from crypto.encoding import encode_base64

ENTRIES = [b"event-%d" % number for number in range(8)]
HASHES = [leaf_hash(f"{number}".encode()) for number in range(1_000)]


def rfc_root(leaves):
    """RFC 6962 section 2.1, written down as it stands there: the independent implementation."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + rfc_root(leaves[:split]) + rfc_root(leaves[split:])).digest()


def rfc_path(index, leaves):
    """RFC 6962 section 2.1.1."""
    if len(leaves) <= 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*rfc_path(index, leaves[:split]), rfc_root(leaves[split:])]
    return [*rfc_path(index - split, leaves[split:]), rfc_root(leaves[:split])]


def rfc_proof(old, leaves, *, whole=True):
    """RFC 6962 section 2.1.2: SUBPROOF(m, D, b)."""
    if old == len(leaves):
        return [] if whole else [rfc_root(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old <= split:
        return [*rfc_proof(old, leaves[:split], whole=whole), rfc_root(leaves[split:])]
    return [*rfc_proof(old - split, leaves[split:], whole=False), rfc_root(leaves[:split])]


def reader(leaves):
    """Return a reader that hashes subtrees from the leaves, each time anew."""
    return lambda height, index: rfc_root(leaves[index << height : (index + 1) << height])


@pytest.mark.parametrize(
    "size, root",
    [
        (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (1, "6734db3b19b64dc83703f9a1f4aee7697dfb292fb4e0827cc63f8a351b1b3609"),
        (2, "3fd1d5a059ab171a345f9912c83c2dd8b7933b4e950e6749bc83dbb1f43ccbde"),
        (3, "db2effe64d36352bcd4c260bde0e1138310c9f77b89d4c57578652f9b185b630"),
        (7, "813bda3a42000f8294b6a954ea83792c2defae65246ef760af9fdd53af7d4638"),
        (8, "37dd16ebf683d96c0e244084d5cd76e022d00c6a092f6008cc8ac7abcd2b6f12"),
    ],
)
def test_worked_roots(size, root):
    """Roots over the example entries are the agreed ones."""
    assert tree_root(map(leaf_hash, ENTRIES[:size])).hex() == root


def test_worked_proofs():
    """Inclusion of entry 2 in 7, consistency of 3 and of 4 with 7 are the agreed ones, byte for byte."""
    read = reader([leaf_hash(entry) for entry in ENTRIES[:7]])
    left = "P9HVoFmrFxo0X5kSyDwt2LeTO06VDmdJvIPbsfQ8y94="
    right = "CdE923ZptzRMGk5/zSfZNnUk1MxvmDHjZ9hsED0563g="
    third = "Xz5pjPk3YirKfGvyc+8hdgkuwzwWLcyuOd+HAWJdGJ8="
    assert [*map(encode_base64, inclusion_proof(2, 7, read))] == [third, left, right]
    second = "T7cNqgptqvfpPys3xeXfczRmMP2KUZltUPHY7v8nlCY="
    assert [*map(encode_base64, consistency_proof(3, 7, read))] == [second, third, left, right]
    assert [*map(encode_base64, consistency_proof(4, 7, read))] == [right]


@functools.cache
def definition(start, end):
    """Return the root over HASHES[start:end] by the definition, each range hashed once."""
    if end - start == 1:
        return HASHES[start]
    split = 1
    while split * 2 < end - start:
        split *= 2
    return node_hash(definition(start, start + split), definition(start + split, end))


def test_every_size_up_to_1000_has_the_root_of_the_definition():
    """The frontier agrees with the recursive definition at every size from 0 to 1,000."""
    tree = Tree()
    assert tree.root() == EMPTY_ROOT
    for size, hashed in enumerate(HASHES, 1):
        tree.append(hashed)
        assert tree.size == size
        assert tree.root() == definition(0, size)
    assert definition(0, 1_000) == rfc_root(HASHES)


def test_random_trees_prove_what_the_definition_proves():
    """In random trees up to 1,000 leaves, proofs equal those of the definition and verify."""
    chosen = random.Random(6962)
    for _ in range(40):
        size = chosen.randint(1, 1_000)
        index, old = chosen.randrange(size), chosen.randint(1, size)
        leaves = HASHES[:size]
        read, root = reader(leaves), rfc_root(leaves)
        path = inclusion_proof(index, size, read)
        assert path == rfc_path(index, leaves)
        verify_inclusion(leaves[index], index, size, path, root)
        proof = consistency_proof(old, size, read)
        assert proof == rfc_proof(old, leaves)
        verify_consistency(old, size, proof, rfc_root(leaves[:old]), root)


def test_every_proof_of_every_small_tree_verifies():
    """All leaves and all older sizes, in every tree up to 33 leaves."""
    for size in range(1, 34):
        read, root = reader(HASHES[:size]), rfc_root(HASHES[:size])
        for index in range(size):
            verify_inclusion(HASHES[index], index, size, inclusion_proof(index, size, read), root)
        for old in range(size + 1):
            verify_consistency(old, size, consistency_proof(old, size, read), rfc_root(HASHES[:old]), root)


@given(st.integers(1, 40), st.data())
@settings(max_examples=150)
def test_changed_inclusion_proof_is_refused(size, data):
    """Another leaf, index, size or root, a hash more, less or changed: ProofError."""
    index = data.draw(st.integers(0, size - 1))
    read, root = reader(HASHES[:size]), rfc_root(HASHES[:size])
    path = inclusion_proof(index, size, read)
    other = data.draw(st.integers(0, size + 3).filter(lambda number: number != index))
    wrong = [
        (HASHES[999], index, size, path, root),
        (HASHES[index], other, size, path, root),
        (HASHES[index], index, size, [*path, root], root),
        (HASHES[index], index, size, [*path, b""], root),
        (HASHES[index], index, size, path, HASHES[999]),
        (HASHES[index], -1, size, path, root),
    ]
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        wrong.append((HASHES[index], index, size, [*path[:at], HASHES[999], *path[at + 1 :]], root))
        wrong.append((HASHES[index], index, size, path[:at] + path[at + 1 :], root))
    for arguments in wrong:
        with pytest.raises(ProofError):
            verify_inclusion(*arguments)


@given(st.integers(1, 40), st.data())
@settings(max_examples=150)
def test_changed_consistency_proof_is_refused(new, data):
    """Another root, a hash more, less or changed, sizes swapped: ProofError."""
    old = data.draw(st.integers(1, new))
    read = reader(HASHES[:new])
    proof, roots = consistency_proof(old, new, read), (rfc_root(HASHES[:old]), rfc_root(HASHES[:new]))
    wrong = [
        (old, new, proof, HASHES[999], roots[1]),
        (old, new, proof, roots[0], HASHES[999]),
        (old, new, [*proof, HASHES[999]], *roots),
        (old, new, [*proof, b""], *roots),
        (new + 1, new, proof, *roots),
        (-1, new, proof, *roots),
    ]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        wrong.append((old, new, [*proof[:at], HASHES[999], *proof[at + 1 :]], *roots))
        wrong.append((old, new, proof[:at] + proof[at + 1 :], *roots))
    for arguments in wrong:
        with pytest.raises(ProofError):
            verify_consistency(*arguments)


def test_empty_proof_joins_no_two_different_trees():
    """Without a single hash nothing is proven, whatever the sizes."""
    for old in (3, 4):
        with pytest.raises(ProofError):
            verify_consistency(old, 7, [], rfc_root(HASHES[:old]), rfc_root(HASHES[:7]))


def test_rewritten_history_has_no_consistency_proof():
    """P5: after one changed leaf, the log's own proof no longer joins the old root to the new one."""
    old_root = rfc_root(HASHES[:100])
    rewritten = [*HASHES[:50], HASHES[999], *HASHES[51:200]]
    proof = consistency_proof(100, 200, reader(rewritten))
    with pytest.raises(ProofError):
        verify_consistency(100, 200, proof, old_root, rfc_root(rewritten))


def test_trees_of_no_or_the_same_size():
    """The empty tree is part of every tree; a tree is consistent with itself alone."""
    verify_consistency(0, 5, [], EMPTY_ROOT, HASHES[0])
    verify_consistency(5, 5, [], HASHES[0], HASHES[0])
    for old, root in ((0, HASHES[0]), (5, HASHES[1])):
        with pytest.raises(ProofError):
            verify_consistency(old, 5, [], root, HASHES[0])


@pytest.mark.parametrize("index, size", [(0, 0), (5, 5), (-1, 3)])
def test_no_path_for_a_leaf_that_is_not_there(index, size):
    """An index outside the tree has no proof."""
    with pytest.raises(ProofError):
        inclusion_proof(index, size, reader(HASHES))


@pytest.mark.parametrize("old, new", [(4, 3), (-1, 3)])
def test_no_proof_from_a_larger_tree(old, new):
    """A tree does not shrink."""
    with pytest.raises(ProofError):
        consistency_proof(old, new, reader(HASHES))


def test_leaf_and_node_hashes_are_kept_apart():
    """An entry that looks like two child hashes does not hash as a node: second preimages are shut out."""
    left, right = HASHES[0], HASHES[1]
    assert leaf_hash(left + right) != node_hash(left, right)
