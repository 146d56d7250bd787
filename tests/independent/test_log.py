"""The log, read from the pages alone: against the vectors, and a folder that the project grows now."""

from __future__ import annotations

from base64 import b64decode

import pytest

from tests.independent import log
from tests.independent.encodings import Fault
from tests.independent.vectors import cases, outcome, raw


def hashes(texts):
    return [bytes.fromhex(text) for text in texts]


@cases("merkle", operation="root")
def test_roots(case):
    """The root over entries."""
    assert log.root_of([log.leaf_hash(b64decode(entry)) for entry in case["entries"]]).hex() == case["root"]


@cases("merkle", operation="inclusion")
def test_inclusion(case):
    """An entry stands at its index under a root."""
    leaf, root = hashes([case["leafHash"], case["root"]])
    path = hashes(case["proof"])
    assert outcome(case, lambda case: log.check_inclusion(leaf, case["index"], case["size"], path, root)) is None


@cases("merkle", operation="consistency")
def test_consistency(case):
    """One tree is the beginning of another."""
    old, new = hashes([case["oldRoot"], case["newRoot"]])
    path = hashes(case["proof"])
    assert outcome(case, lambda case: log.check_consistency(case["old"], case["new"], path, old, new)) is None


@cases("merkle", operation="prove")
def test_proofs_of_the_project_hold(case):
    """Proofs made from entries lead to the roots of those entries."""
    leaves = [log.leaf_hash(b64decode(entry)) for entry in case["entries"]]
    root, size = log.root_of(leaves), len(leaves)
    old, index = case["old"], case["index"]
    assert log.root_from_path(leaves[index], index, size, hashes(case["inclusion"])) == root
    old_root = log.root_of(leaves[:old])
    assert log.roots_from_path(old, size, hashes(case["consistency"]), old_root) == (old_root, root)


@cases("tiles", operation="path")
def test_paths(case):
    """A place has one path."""
    place = outcome(case, lambda case: log.parse_path(case["path"]))
    if place is not None:
        kind = "entries" if case["kind"] == "entries" else str(case["level"])
        assert place == (kind, case["index"], case["width"])


@cases("tiles", operation="widths")
def test_files_of_growth(case):
    """What a larger log has and a smaller has not."""
    old, new = case["old"], case["new"]
    tiles = [path for level in range(8) for path in log.paths(old >> 8 * level, new >> 8 * level, str(level))]
    assert (tiles, log.paths(old, new, "entries")) == (case["tiles"], case["bundles"])


@cases("tiles", operation="bundle")
def test_bundles(case):
    """A bundle holds exactly its entries."""
    entries = outcome(case, lambda case: log.parse_bundle(raw(case, "data")[0], case["width"]))
    assert entries is None or entries == [b64decode(entry) for entry in case["entries"]]


@cases("tiles", operation="tile")
def test_tiles(case):
    """A tile holds exactly its hashes."""
    found = outcome(case, lambda case: log.parse_tile(raw(case, "data")[0], case["width"]))
    assert found is None or found == hashes(case["hashes"])


@cases("note", operation="verifier-key")
def test_verifier_keys(case):
    """A verifier key names its key by the right id."""
    key = outcome(case, lambda case: log.parse_key(case["text"]))
    if key is not None:
        shown = (case["name"], case["kind"], case["id"], b64decode(case["public"]))
        assert (key.name, key.kind, key.id.hex(), key.public) == shown


@cases("note", operation="verify")
def test_notes(case):
    """A note is signed by wanted keys, and by none of them badly."""
    keys = [log.parse_key(text) for text in case.get("keys", [])]
    found = outcome(case, lambda case: log.open_note(raw(case, "note")[0], keys))
    if found is not None:
        assert (found[0], [key.name for key in found[1]]) == (case["text"], case["signedBy"])


@cases("checkpoint")
def test_checkpoints(case):
    """A checkpoint is signed by its log and by every demanded witness."""
    witnesses = [log.parse_key(text) for text in case["witnesses"]]
    found = outcome(case, lambda case: log.open_checkpoint(raw(case, "note")[0], log.parse_key(case["key"]), witnesses))
    assert found is None or found == (case["origin"], case["size"], bytes.fromhex(case["root"]))


@cases("proof")
def test_proofs(case):
    """A tlog-proof shows one entry at one index."""
    witnesses = [log.parse_key(text) for text in case["witnesses"]]
    key = log.parse_key(case["key"])
    proof, entry = raw(case, "proof", "entry")
    found = outcome(case, lambda case: log.check_proof(proof, entry, key, witnesses))
    assert found is None or found == (case["index"], case["size"], bytes.fromhex(case["root"]))


@cases("promise")
def test_promises(case):
    """A promise covers one leaf of one log."""
    note, leaf = raw(case, "note", "leaf")
    key, path = log.parse_key(case["key"]), hashes(case["path"])
    found = outcome(case, lambda case: log.check_promise(note, key, case["origin"], leaf, case["index"], path))
    assert found is None or found == (bytes.fromhex(case["root"]), case["count"], case["issued"], case["delay"])


@cases("leaf", operation="control")
def test_control_leaves(case):
    """A control leaf is one object with its kind."""
    fact = outcome(case, lambda case: log.parse_control(*raw(case, "leaf")))
    assert fact is None or fact == {"kind": case["kind"], **case["values"]}


def test_a_log_of_the_project_is_rebuilt(log_folder):
    """P5: a folder that the project wrote verifies from its files and the verifier key alone."""
    key = log.parse_key(log_folder.key)
    found = log.read_log(log_folder.path, key)
    assert (found.origin, found.entries) == (log_folder.origin, log_folder.entries)


def test_full_tiles_stand_in_for_partial_ones(log_folder):
    """A partial file that is gone is read from the full one, once that exists."""
    partial = log.path_of("entries", 0, 200)
    assert not (log_folder.path / partial).exists()
    assert log.fetch_bundle(log_folder.path, partial) == log_folder.entries[:200]


@pytest.mark.parametrize(
    "path,kind",
    [("tile/entries/000", "root"), ("tile/0/000", "tile"), ("tile/1/000.p/1", "tile"), ("checkpoint", "note")],
)
def test_a_flipped_bit_is_found(log_folder, path, kind):
    """P5: a changed byte in entries, in a tile of any level or in the checkpoint ends the reading."""
    file = log_folder.path / path
    before = file.read_bytes()
    file.write_bytes(before[:20] + bytes([before[20] ^ 1]) + before[21:])
    try:
        with pytest.raises(Fault) as fault:
            log.read_log(log_folder.path, log.parse_key(log_folder.key))
    finally:
        file.write_bytes(before)
    assert fault.value.kind == kind


def test_a_proof_and_a_promise_of_the_project_hold(log_folder):
    """A tlog-proof and a promise that the project makes now hold by the pages alone."""
    key, promise_key = log.parse_key(log_folder.key), log.parse_key(log_folder.promise_key)
    size = len(log_folder.entries)
    index, entry = log_folder.proved, log_folder.entries[log_folder.proved]
    assert log.check_proof(log_folder.proof, entry, key)[:2] == (index, size)
    root, count, *_ = log.check_promise(
        log_folder.promise, promise_key, log_folder.origin, entry, log_folder.promised, log_folder.promise_path
    )
    assert count == 4
    assert log.root_from_path(log.leaf_hash(entry), log_folder.promised, count, log_folder.promise_path) == root
