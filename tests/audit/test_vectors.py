"""Runs every vector of the formats of the log; the browser's tests run the same files."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.checkpoint import verify_checkpoint
from audit.control import encode_control, parse_control
from audit.errors import EventError, IncompleteError, LogFormatError, NoteError, ProofError, SplitViewError
from audit.event import encode_event, parse_event
from audit.history import StreamEvent, first_head, verify_stream
from audit.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from audit.note import parse_note, parse_verifier_key, verify_note
from audit.opening import check_opening, opening_from_json
from audit.payload import answer_month, open_answer, open_payload, open_seed, open_stream_key
from audit.promise import verify_promise
from audit.proof import parse_proof, verify_proof
from audit.stream import commitment, field_digests, field_salts, make_leaf
from audit.tiles import (
    Tile,
    bundles_between,
    encode_bundle,
    node_reader,
    parse_bundle,
    parse_path,
    parse_tile,
    tiles_between,
)
from crypto.encoding import encode_base64
from tests.vectors.make_audit import all_files, differences

FOLDER = Path(__file__).parent.parent / "vectors"
COUNTS = {
    "merkle": 33,
    "tiles": 38,
    "note": 25,
    "checkpoint": 13,
    "leaf": 43,
    "at-rest": 87,
    "promise": 12,
    "proof": 12,
}
ERRORS = {
    "format": LogFormatError,
    "event": EventError,
    "note": NoteError,
    "proof": ProofError,
    "split-view": SplitViewError,
    "incomplete": IncompleteError,
}
Vector = dict[str, Any]
FILES = sorted(path for name in COUNTS for path in (FOLDER / name).glob("*.json"))


def raw(text: str) -> bytes:
    """Return the bytes of an input; inputs of vectors may be malformed, so this is not our own strict decoder."""
    return base64.b64decode(text)


def hashes(texts: list[str]) -> list[bytes]:
    """Return hashes given as hex."""
    return [bytes.fromhex(text) for text in texts]


def root(vector: Vector) -> Vector:
    return {"root": tree_root(leaf_hash(raw(entry)) for entry in vector["entries"]).hex()}


def inclusion(vector: Vector) -> Vector:
    leaf, top = hashes([vector["leafHash"], vector["root"]])
    verify_inclusion(leaf, vector["index"], vector["size"], hashes(vector["proof"]), top)
    return {}


def consistency(vector: Vector) -> Vector:
    roots = hashes([vector["oldRoot"], vector["newRoot"]])
    verify_consistency(vector["old"], vector["new"], hashes(vector["proof"]), *roots)
    return {}


def prove(vector: Vector) -> Vector:
    row = b"".join(leaf_hash(raw(entry)) for entry in vector["entries"])
    size = len(vector["entries"])
    read = node_reader(size, lambda _: row)
    path, proof = inclusion_proof(vector["index"], size, read), consistency_proof(vector["old"], size, read)
    return {"inclusion": [step.hex() for step in path], "consistency": [step.hex() for step in proof]}


def path(vector: Vector) -> Vector:
    place = parse_path(vector["path"])
    assert place.path == vector["path"]
    kind, level = ("tile", place.level) if isinstance(place, Tile) else ("entries", 0)
    return {"kind": kind, "level": level, "index": place.index, "width": place.width}


def widths(vector: Vector) -> Vector:
    old, new = vector["old"], vector["new"]
    tiles = [tile.path for tile in tiles_between(old, new)]
    return {"tiles": tiles, "bundles": [bundle.path for bundle in bundles_between(old, new)]}


def bundle(vector: Vector) -> Vector:
    entries = parse_bundle(raw(vector["data"]), vector["width"])
    assert encode_bundle(entries) == raw(vector["data"])
    return {"entries": [encode_base64(entry) for entry in entries]}


def tile(vector: Vector) -> Vector:
    return {"hashes": [one.hex() for one in parse_tile(raw(vector["data"]), vector["width"])]}


def verifier_key(vector: Vector) -> Vector:
    key = parse_verifier_key(vector["text"])
    assert str(key) == vector["text"]
    return {"name": key.name, "kind": key.kind, "id": key.id.hex(), "public": encode_base64(key.public)}


def signed_note(vector: Vector) -> Vector:
    note = parse_note(raw(vector["note"]))
    keys = verify_note(note, [parse_verifier_key(key) for key in vector["keys"]])
    return {"text": note.text, "signedBy": [key.name for key in keys]}


def checkpoint(vector: Vector) -> Vector:
    witnesses = [parse_verifier_key(key) for key in vector["witnesses"]]
    found = verify_checkpoint(raw(vector["note"]), parse_verifier_key(vector["key"]), witnesses)
    return {"origin": found.origin, "size": found.size, "root": found.root.hex()}


def formula(vector: Vector) -> Vector:
    fields = [(name.encode(), value.encode()) for name, value in vector["fields"]]
    digests = field_digests(raw(vector["seed"]), fields)
    commit = commitment(digests)
    leaf = make_leaf(raw(vector["key"]), vector["seq"], bytes.fromhex(vector["previous"]), commit)
    return {
        "salts": [salt.hex() for salt in field_salts(raw(vector["seed"]), len(fields))],
        "digests": [digest.hex() for digest in digests],
        "commit": commit.hex(),
        "leaf": encode_base64(leaf),
        "leafHash": leaf_hash(leaf).hex(),
    }


def event(vector: Vector) -> Vector:
    found = parse_event(raw(vector["payload"]))
    assert encode_event(found) == raw(vector["payload"])
    return {"values": {field.name: found[field.name] for field in found.schema.fields}}


def opening(vector: Vector) -> Vector:
    return {"values": check_opening(raw(vector["leaf"]), opening_from_json(vector["opening"]))}


def stream(vector: Vector) -> Vector:
    events = [
        StreamEvent(one["seq"], raw(one["leaf"]), one["opening"] and opening_from_json(one["opening"]))
        for one in vector["events"]
    ]
    head = first_head(bytes.fromhex(vector["pinned"]))
    checked = verify_stream(vector["stream"], [raw(key) for key in vector["keys"]], events, head)
    assert checked.next_tag is not None
    head = checked.head
    outputs = {"seq": head.seq, "leafHash": head.leaf_hash.hex(), "nextTag": checked.next_tag.hex()}
    return {**outputs, "erased": list(checked.erased)}


def control(vector: Vector) -> Vector:
    found = parse_control(raw(vector["leaf"]))
    assert encode_control(found.kind, found.fields) == raw(vector["leaf"])
    return {"kind": found.kind, "values": dict(found.fields)}


def place(vector: Vector, counter: str) -> tuple[bytes, bytes, int, bytes]:
    return raw(vector["key"]), bytes.fromhex(vector["stream"]), vector[counter], raw(vector["sealed"])


def sealed_seed(vector: Vector) -> Vector:
    return {"secret": open_seed(*place(vector, "seq")).hex()}


def sealed_stream_key(vector: Vector) -> Vector:
    return {"secret": open_stream_key(*place(vector, "epoch")).hex()}


def sealed_payload(vector: Vector) -> Vector:
    found, attachment = open_payload(*place(vector, "seq"))
    values = {field.name: found[field.name] for field in found.schema.fields}
    return {"values": values, "attachment": encode_base64(attachment)}


def kept_answer(vector: Vector) -> Vector:
    sealed, claim = raw(vector["sealed"]), tuple(map(raw, vector["claim"]))
    month = answer_month(sealed)
    answer = open_answer(raw(vector["keys"][month]), claim, sealed)
    return {"month": month, "answer": encode_base64(answer)}


def promise(vector: Vector) -> Vector:
    key, steps = parse_verifier_key(vector["key"]), hashes(vector["path"])
    found = verify_promise(raw(vector["note"]), key, vector["origin"], raw(vector["leaf"]), vector["index"], steps)
    return {"root": found.root.hex(), "count": found.count, "issued": found.issued, "delay": found.delay}


def proof(vector: Vector) -> Vector:
    parsed = parse_proof(raw(vector["proof"]))
    assert parsed.encode() == raw(vector["proof"])
    witnesses = [parse_verifier_key(key) for key in vector["witnesses"]]
    found = verify_proof(parsed, raw(vector["entry"]), parse_verifier_key(vector["key"]), witnesses)
    return {"index": parsed.index, "size": found.size, "root": found.root.hex()}


OPERATIONS: dict[tuple[str, str], Callable[[Vector], Vector]] = {
    ("merkle", "root"): root,
    ("merkle", "inclusion"): inclusion,
    ("merkle", "consistency"): consistency,
    ("merkle", "prove"): prove,
    ("tiles", "path"): path,
    ("tiles", "widths"): widths,
    ("tiles", "bundle"): bundle,
    ("tiles", "tile"): tile,
    ("note", "verifier-key"): verifier_key,
    ("note", "verify"): signed_note,
    ("checkpoint", "verify"): checkpoint,
    ("leaf", "formula"): formula,
    ("leaf", "event"): event,
    ("leaf", "opening"): opening,
    ("leaf", "stream"): stream,
    ("leaf", "control"): control,
    ("at-rest", "seed"): sealed_seed,
    ("at-rest", "stream-key"): sealed_stream_key,
    ("at-rest", "payload"): sealed_payload,
    ("at-rest", "answer"): kept_answer,
    ("promise", "verify"): promise,
    ("proof", "verify"): proof,
}


def test_every_vector_file_is_there():
    """No folder is empty by mistake: the number of files of each format is known."""
    assert Counter(path.parent.name for path in FILES) == COUNTS


def test_maker_makes_the_stored_vectors():
    """The files are what the kept maker makes, byte for byte, and there are no others."""
    assert differences(all_files()) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_vector(file):
    """The operation gives exactly the outputs of the file, or fails in exactly its class."""
    vector = json.loads(file.read_text("ascii"))
    assert vector["format"] == file.parent.name
    operation = OPERATIONS[vector["format"], vector["operation"]]
    if vector["expect"] == "success":
        outputs = operation(vector)
        assert outputs == {name: vector[name] for name in outputs}
    else:
        with pytest.raises(ERRORS[vector["expect"]]):
            operation(vector)
