"""Leaves, openings, streams, promises and proofs that Python makes are verified by TypeScript, and judged alike."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.event import encode_event, parse_event
from audit.history import StreamEvent, first_head, verify_stream
from audit.merkle import consistency_proof, inclusion_proof, leaf_hash, tree_root, verify_inclusion
from audit.note import ED25519, VerifierKey, cosign_note, parse_note, verify_note
from audit.opening import open_fields, opening_to_json
from audit.promise import make_promise, padding_count, verify_promise
from audit.proof import TlogProof
from audit.stream import event_leaf
from audit.tiles import parse_path
from crypto.keys import SigningKey
from tests.audit.examples import KEYS, STREAM, epoch, erasure, reading, seed_of, stream_of
from tests.audit.small_log import LOG, LOG_KEY, ORIGIN, PROMISE, PROMISE_KEY, WITNESS, WITNESS_KEY, SmallLog, entry
from tests.interop.conftest import plain
from tests.interop.made import outcome
from tests.values import replace

SOME = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
EVENTS = [reading(time=1), reading(time=2), epoch(KEYS[1]), reading(time=4), erasure(2)]
ENTRIES = [entry(number) for number in range(40)]
HASHES = [leaf_hash(data) for data in ENTRIES]


def read(height: int, index: int) -> bytes:
    """Return the hash of a complete subtree over HASHES."""
    return tree_root(HASHES[index << height : (index + 1) << height])


def root_of(size: int) -> bytes:
    """Return the root of the first entries."""
    return tree_root(HASHES[:size])


def stream_args(events: list[StreamEvent], keys: tuple[bytes, ...] = KEYS[:2]) -> dict[str, Any]:
    """Return a stream as the other side takes it."""
    shown = [
        {"seq": e.seq, "leaf": e.leaf, "opening": None if e.opening is None else opening_to_json(e.opening)}
        for e in events
    ]
    return {"stream": STREAM, "keys": keys, "events": shown, "keyHash": hashlib.sha256(KEYS[0]).digest()}


@pytest.mark.parametrize("audience", ["owner", "actor", "auditor"])
def test_events_are_committed_and_opened_alike(peer, audience):
    """Leaf and opening of an event are the same on both sides, for every audience."""
    event, seed = reading(), seed_of(7)
    there = peer(
        "openEvent",
        payload=encode_event(event),
        seed=seed,
        audience=audience,
        key=KEYS[0],
        seq=7,
        previous=HASHES[0],
    )
    assert there["leaf"] == event_leaf(KEYS[0], 7, HASHES[0], seed, event).hex()
    assert there["opening"] == opening_to_json(open_fields(event, seed, audience))


def test_a_stream_verifies_on_the_other_side(peer):
    """P5: across a new key and an erased payload, the owner's browser finds what Python finds."""
    events = stream_of(EVENTS, erased=(2,))
    here = verify_stream(STREAM, KEYS[:2], events, first_head(hashlib.sha256(KEYS[0]).digest()))
    there = peer("verifyStream", **stream_args(events))
    assert there["erased"] == [2]
    assert {int(seq): fields for seq, fields in there["events"].items()} == here.events
    head = {"seq": here.head.seq, "leafHash": here.head.leaf_hash, "keyHash": here.head.key_hash}
    assert {name: there[name] for name in head} == plain(head)
    assert there["nextTag"] == plain(here.next_tag)


def faulty_streams() -> dict[str, tuple[list[StreamEvent], tuple[bytes, ...]]]:
    """Return streams with one fault each, with the keys that are held."""
    sound, both = stream_of(EVENTS), KEYS[:2]
    flipped = bytearray(sound[1].leaf)
    flipped[40] ^= 1
    return {
        "left out": ([sound[0], *sound[2:]], both),
        "renumbered": ([sound[0], *(replace(event, seq=event.seq - 1) for event in sound[2:])], both),
        "erased without word": (stream_of(EVENTS, erased=(1,)), both),
        "another history": ([sound[0], stream_of([reading(time=9), *EVENTS[1:]])[1]], both),
        "flipped link": ([sound[0], replace(sound[1], leaf=bytes(flipped))], both),
        "short leaf": ([replace(sound[0], leaf=sound[0].leaf[:-1])], both),
        "opening of another": ([replace(sound[0], opening=sound[1].opening)], both),
        "key missing": (sound, KEYS[:1]),
        "other key": (sound, (KEYS[0], KEYS[3])),
        "no keys": (sound, ()),
    }


@pytest.mark.parametrize("fault", faulty_streams())
def test_faulty_streams_are_judged_alike(peer, fault):
    """P5: whatever is left out or changed, both sides refuse with the same class of error."""
    events, keys = faulty_streams()[fault]
    here = outcome(verify_stream, STREAM, keys, events, first_head(hashlib.sha256(KEYS[0]).digest()))
    assert outcome(peer, "verifyStream", **stream_args(events, keys)) == here
    assert str(here).endswith("Error")


@SOME
@given(st.data())
def test_damaged_events_are_refused_alike(peer, data):
    """Payload bytes parse on both sides or on neither, with the same class of error."""
    payload = bytearray(encode_event(EVENTS[data.draw(st.integers(0, 4))]))
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(payload) - 1))
        payload[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    here = outcome(lambda: encode_event(parse_event(bytes(payload))))
    assert outcome(peer, "parseEvent", payload=bytes(payload)) == here


@SOME
@given(st.integers(0, 40), st.integers(0, 40))
def test_trees_and_proofs_agree(peer, one, other):
    """Roots, consistency and inclusion proofs of any two sizes verify on the other side, and changed ones do not."""
    older, newer = sorted((one, other))
    assert peer("treeRoot", hashes=HASHES[:newer]) == root_of(newer).hex()
    proof = consistency_proof(older, newer, read)
    args = {"older": older, "newer": newer, "proof": proof, "olderRoot": root_of(older), "newerRoot": root_of(newer)}
    assert peer("verifyConsistency", **args) is True
    assert outcome(peer, "verifyConsistency", **(args | {"newerRoot": HASHES[0]})) in {"ProofError", True}
    assert outcome(peer, "verifyConsistency", **(args | {"proof": [*proof, HASHES[0]]})) == "ProofError"
    if older < newer:
        path = inclusion_proof(older, newer, read)
        verify_inclusion(HASHES[older], older, newer, path, root_of(newer))
        shown = {"leaf": HASHES[older], "index": older, "size": newer, "proof": path, "root": root_of(newer)}
        assert peer("verifyInclusion", **shown) is True
        assert outcome(peer, "verifyInclusion", **(shown | {"index": newer})) == "ProofError"
        assert outcome(peer, "verifyInclusion", **(shown | {"leaf": bytes(32)})) == "ProofError"


def test_promises_are_judged_alike(peer):
    """A reader's browser verifies its leaf in the batch's promise; another leaf, log or key is refused alike."""
    padding = [bytes((number,)) * 32 for number in range(padding_count(5))]
    batch = make_promise(ORIGIN, HASHES[:5], padding, 1_700_000_000_123, PROMISE.name, PROMISE_KEY)
    promise = verify_promise(batch.note, PROMISE, ORIGIN, ENTRIES[3], 3, batch.path(3))
    good = {"note": batch.note, "vkey": str(PROMISE), "origin": ORIGIN, "leaf": ENTRIES[3], "index": 3}
    good["path"] = batch.path(3)
    there = peer("verifyPromise", **good)
    assert there == {
        "origin": ORIGIN,
        "root": promise.root.hex(),
        "count": 8,
        "issued": promise.issued,
        "delay": promise.delay,
    }
    for change, wanted in (
        ({"leaf": ENTRIES[2]}, "ProofError"),
        ({"index": 2}, "ProofError"),
        ({"path": batch.path(3)[:-1]}, "ProofError"),
        ({"origin": "another.example.nl/log"}, "NoteError"),
        ({"vkey": str(LOG)}, "NoteError"),
        ({"vkey": str(PROMISE)[:-1]}, "LogFormatError"),
        ({"note": batch.note[:-1]}, "LogFormatError"),
    ):
        assert outcome(peer, "verifyPromise", **(good | change)) == wanted


def test_proofs_verify_offline_on_the_other_side(peer):
    """P5: a tlog-proof, cosigned by a witness, verifies there with the pinned keys, and encodes to the same bytes."""
    log = SmallLog()
    log.append(ENTRIES)
    note = cosign_note(parse_note(log.files["checkpoint"]), WITNESS.name, WITNESS_KEY, 1_700_000_000)
    proof = TlogProof(17, tuple(inclusion_proof(17, 40, read)), note.encode(), b"more")
    good = {"proof": proof.encode(), "entry": ENTRIES[17], "vkey": str(LOG), "witnesses": [str(WITNESS)]}
    there = peer("verifyProof", **good)
    assert there == {"origin": ORIGIN, "size": 40, "root": root_of(40).hex(), "again": proof.encode().hex()}
    assert outcome(peer, "verifyProof", **(good | {"entry": ENTRIES[18]})) == "ProofError"
    assert outcome(peer, "verifyProof", **(good | {"vkey": str(PROMISE)})) == "NoteError"
    stranger = VerifierKey(WITNESS.name, ED25519, SigningKey.generate().public)
    assert outcome(peer, "verifyProof", **(good | {"witnesses": [str(stranger)]})) == "NoteError"


def test_a_note_signed_in_typescript_verifies_in_python(peer):
    """Notes are text and Ed25519 on both sides."""
    note = parse_note(bytes.fromhex(peer("signNote", text="één\nregel\n", name=ORIGIN, seed=LOG_KEY.seed)))
    assert verify_note(note, [LOG]) == (LOG,)


@SOME
@given(st.data())
def test_damaged_notes_are_refused_alike(peer, data):
    """Note bytes parse on both sides or on neither."""
    note = bytearray(SmallLog(3).files["checkpoint"])
    at = data.draw(st.integers(0, len(note)))
    note[at : at + data.draw(st.integers(0, 2))] = data.draw(
        st.binary(max_size=2)
        | st.sampled_from([b"\n\n", "\u00a0".encode(), "\ufeff".encode(), "\u0085".encode(), b"\x1c"])
    )
    here = outcome(lambda: parse_note(bytes(note)).encode())
    assert outcome(peer, "parseNote", note=bytes(note)) == here


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/000",
        "tile/entries/x001/x234/067",
        "tile/63/001.p/255",
        "tile/64/000",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/0/x000/000",
        "tile/00/000",
        "tile/0/1",
        "tile/0/000 ",
    ],
)
def test_tile_paths_are_read_alike(peer, path):
    """Each tile has one path."""
    assert outcome(peer, "parsePath", path=path) == outcome(lambda: parse_path(path).path)
