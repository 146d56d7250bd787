from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import LogFormatError, NoteError, ProofError
from audit.merkle import inclusion_proof, leaf_hash
from audit.proof import TlogProof, parse_proof, verify_proof
from audit.tiles import node_reader
from tests.audit.small_log import LOG, WITNESS
from tests.audit.test_checkpoint import NOTE, SEVEN
from tests.values import replace

HASHES = b"".join(leaf_hash(b"event-%d" % number) for number in range(7))
PATH = tuple(inclusion_proof(2, 7, node_reader(7, lambda _: HASHES)))
PROOF = TlogProof(2, PATH, NOTE.encode())


def test_worked_proof():
    """The proof of entry 2 under the cosigned checkpoint, byte for byte."""
    data = PROOF.encode()
    assert len(data) == 487
    assert hashlib.sha256(data).hexdigest() == "cf8f69fde69afe7abd16cff6fdd79e6240011230e6d80f2472ffd306e526407c"


def test_proof_verifies_offline():
    """P5: with the pinned key alone, one text shows the entry to be in the log."""
    assert verify_proof(parse_proof(PROOF.encode()), b"event-2", LOG) == SEVEN
    assert verify_proof(PROOF, b"event-2", LOG, [WITNESS]) == SEVEN


@pytest.mark.parametrize(
    "proof, entry, error",
    [
        (PROOF, b"event-3", ProofError),
        (replace(PROOF, index=3), b"event-2", ProofError),
        (replace(PROOF, path=PATH[:-1]), b"event-2", ProofError),
        (replace(PROOF, index=7), b"event-2", ProofError),
        (replace(PROOF, checkpoint=NOTE.encode().replace(b"\n7\n", b"\n8\n")), b"event-2", NoteError),
        (replace(PROOF, checkpoint=b""), b"event-2", LogFormatError),
    ],
)
def test_changed_proof_is_refused(proof, entry, error):
    """Another entry, index, path or checkpoint does not verify."""
    with pytest.raises(error):
        verify_proof(proof, entry, LOG)


def test_extra_is_carried_but_not_believed():
    """The extra line reads back, and changes nothing."""
    proof = replace(PROOF, extra=b"opening")
    assert parse_proof(proof.encode()) == proof
    assert verify_proof(proof, b"event-2", LOG) == SEVEN


@pytest.mark.parametrize(
    "old, new",
    [
        ("tlog-proof@v1", "tlog-proof@v2"),
        ("index 2", "index 02"),
        ("index 2", "index -2"),
        ("index 2\n", ""),
        ("index 2", "extra AA=\nindex 2"),
        ("index 2", "extra AA==\nextra AA==\nindex 2"),
        ("index 2\n", "index 2\nAA==\n"),
        ("index 2\n", "index 2\n" + "A" * 43 + "=\n" + ("A" * 43 + "=\n") * 64),
        ("index 2\n", "index 2\n!\n"),
        ("\n\n", "\n"),
    ],
)
def test_malformed_proof_is_refused(old, new):
    """Every departure from the form is LogFormatError."""
    data = PROOF.encode().decode()
    changed = data.replace(old, new) if old == "\n\n" else data.replace(old, new, 1)
    assert changed != data
    with pytest.raises(LogFormatError):
        parse_proof(changed.encode())


_MUTANTS = st.tuples(st.integers(0, len(PROOF.encode()) - 1), st.integers(1, 255)).map(
    lambda change: (
        PROOF.encode()[: change[0]] + bytes((PROOF.encode()[change[0]] ^ change[1],)) + PROOF.encode()[change[0] + 1 :]
    )
)


@given(st.one_of(st.binary(max_size=80), _MUTANTS))
@settings(max_examples=250)
def test_proof_that_parses_encodes_to_the_same_bytes(data):
    """On any bytes: a proof that encodes to them, or LogFormatError and nothing else."""
    try:
        proof = parse_proof(data)
    except LogFormatError:
        return
    assert proof.encode() == data
