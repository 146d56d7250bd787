"""Facts are compiled once and then extended: what comes of it is what compiling all of them gives."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.entry import FactRecord
from consent.catalogue import shipped_catalogues
from consent.errors import FactsError
from crypto.encoding import encode_base64
from crypto.statements import statement_hash
from dossier.facts.compiler import Compiled, Compiler
from dossier.facts.dossiers import DEEDS
from tests.consent import casebook

COMPILER = Compiler(shipped_catalogues())
OWNER, DOSSIER = casebook.ident("olga"), casebook.ident("dossier")
CASES = [
    case
    for path in sorted(Path(casebook.FOLDER).glob("*.toml"))
    if path.stem != "cast"
    for case in casebook.cases(path.stem)
    if case.get("records")
]
"""Every case of the case book: consents, denials, what replaces and ends them, blocks, orders, emergencies."""


def dossier_key(sequence: int) -> dict[str, object]:
    """A dossier key as signed."""
    return {
        "dossier": DOSSIER,
        "owner": OWNER,
        "nature": "private",
        "sequence": sequence,
        "previous": "" if sequence == 1 else "11" * 32,
        "key": encode_base64(bytes([sequence]) * 32),
        "inboxKey": encode_base64(bytes([sequence]) * 1216),
        "streamKeyHash": "00" * 32,
        "signer": OWNER,
        "keyHash": "00" * 32,
        "issuedAt": 1,
    }


def authority_list(case) -> dict[str, object]:
    """The last authority list of a case, as signed."""
    lists = [words for words in case["records"] if words["kind"] == "authority-list"]
    holders = casebook.PAYLOADS["authority-list"](lists[-1])["holders"] if lists else []
    return {
        "dossier": DOSSIER,
        "sequence": 1,
        "previous": "",
        "holders": holders,
        "actors": [],
        "after": {"seq": 0, "leaf": "00" * 32},
        "signer": OWNER,
        "keyHash": "00" * 32,
        "issuedAt": 1,
    }


def stream(case) -> list[FactRecord]:
    """A dossier's stream: its key, what the case lays down, a proposal, and a second key."""
    rows: list[tuple[str, Mapping[str, object]]] = [("dossier-key", dossier_key(1))]
    rows += [
        (record.kind, authority_list(case) if record.kind == "authority-list" else record.payload)
        for record in casebook.records(case)[1:]
    ]
    rows += [("proposal", {"statement": "a"}), ("dossier-key", dossier_key(2))]
    return [FactRecord(seq, 0, kind, bytes([seq]) * 16, body) for seq, (kind, body) in enumerate(rows, start=1)]


@given(st.sampled_from(CASES), st.lists(st.integers(1, 40), max_size=4))
@settings(max_examples=150, deadline=None)
def test_extending_is_compiling(case, cuts):
    """P8: however a stream's facts came in, piece by piece or all at once, they come to the same rules."""
    records = stream(case)
    edges = [0, *sorted(min(cut, len(records)) for cut in cuts), len(records)]
    compiled = Compiled("dossier")
    for first, last in itertools.pairwise(edges):
        before = compiled
        compiled = COMPILER.extend(before, records[first:last])
        assert before == COMPILER.compile("dossier", records[:first])
    assert compiled == COMPILER.compile("dossier", records)


def test_only_deeds_are_kept():
    """A consent lives on in the rules alone; what its stream says of holders is there to be looked at again."""
    wanted = {"consent", "authority-list"}
    case = next(case for case in CASES if wanted <= {words["kind"] for words in case["records"]})
    compiled = COMPILER.compile("dossier", stream(case))
    assert compiled.records
    assert {record.kind for record in compiled.records} <= DEEDS
    assert compiled.value.rules.permits or compiled.value.rules.denials


def test_the_keys_are_the_newest_and_the_stream_key_the_first():
    """What a later dossier key says counts from then on; the stream key is the one that the first one named."""
    later = {**dossier_key(2), "streamKeyHash": "77" * 32}
    records = [FactRecord(seq, 0, "dossier-key", bytes(16), body) for seq, body in ((1, dossier_key(1)), (2, later))]
    state = COMPILER.extend(COMPILER.compile("dossier", records[:1]), records[1:]).value
    assert (state.key, state.key_sequence) == (bytes([2]) * 32, 2)
    assert state.key_head == statement_hash("dossier-key", later).hex()
    assert state.stream_key_hash == "00" * 32


def test_an_id_that_was_used_stays_used():
    """P9: a consent that was withdrawn long ago cannot be put in again under its id, whatever was compiled since."""
    consent = casebook.consent_payload({"kind": "consent", "id": "een", "to": next(iter(casebook.CAST))})
    rows = [("dossier-key", dossier_key(1)), ("consent", consent), ("withdrawal", {"consent": consent["consent"]})]
    records = [FactRecord(seq, 0, kind, bytes(16), body) for seq, (kind, body) in enumerate(rows, start=1)]
    compiled = COMPILER.compile("dossier", records)
    assert not compiled.value.rules.permits
    with pytest.raises(FactsError):
        COMPILER.extend(compiled, [FactRecord(9, 0, "consent", bytes(16), consent)])
    assert not compiled.value.rules.permits


@pytest.mark.parametrize("kind", ["person", "organisation", "case", "service"])
def test_a_stream_without_facts(kind):
    """A stream that is being opened extends like any other."""
    opened = COMPILER.compile(kind, ())
    assert COMPILER.extend(opened, ()) == opened
