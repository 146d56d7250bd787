from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint, verify_checkpoint
from audit.errors import LogFormatError, NoteError
from audit.merkle import leaf_hash, tree_root
from audit.note import ED25519, VerifierKey, cosign_note, sign_note
from tests.audit.small_log import LOG, LOG_KEY, ORIGIN, WITNESS, WITNESS_KEY

SEVEN = Checkpoint(ORIGIN, 7, tree_root(leaf_hash(b"event-%d" % number) for number in range(7)))
NOTE = cosign_note(sign_checkpoint(SEVEN, LOG_KEY), WITNESS.name, WITNESS_KEY, 1_700_000_000)


def test_worked_checkpoint():
    """The signed and cosigned checkpoint of the example, byte for byte."""
    digest = "3272c891931c8623967cce4f87aa97c63849b8a922264ca76168ec55114db874"
    assert hashlib.sha256(NOTE.encode()).hexdigest() == digest
    assert SEVEN.encode() == f"{ORIGIN}\n7\ngTvaOkIAD4KUtqlU6oN5LC3vrmUkbvdgr5/dU699Rjg=\n"


def test_signed_checkpoint_verifies():
    """P5: a checkpoint verifies with the pinned key, and with the witnesses that are demanded."""
    assert verify_checkpoint(NOTE.encode(), LOG) == SEVEN
    assert verify_checkpoint(NOTE.encode(), LOG, [WITNESS]) == SEVEN


def test_missing_witness_is_refused():
    """A demanded witness that did not sign makes the checkpoint worthless."""
    with pytest.raises(NoteError):
        verify_checkpoint(sign_checkpoint(SEVEN, LOG_KEY).encode(), LOG, [WITNESS])


def test_checkpoint_signed_by_a_witness_alone_is_refused():
    """The log itself must have signed."""
    alone = type(NOTE)(NOTE.text, NOTE.signatures[1:])
    with pytest.raises(NoteError):
        verify_checkpoint(alone.encode(), LOG, [WITNESS])


def test_checkpoint_of_another_log_is_refused():
    """Origin and key name must be those of the pinned key."""
    text = SEVEN.encode().replace("log1", "log2")
    with pytest.raises(NoteError):
        verify_checkpoint(sign_note(text, ORIGIN, LOG_KEY).encode(), LOG)
    other = VerifierKey("audit.example.nl/log2", ED25519, LOG.public)
    with pytest.raises(NoteError):
        verify_checkpoint(NOTE.encode(), other)


ROOT = "gTvaOkIAD4KUtqlU6oN5LC3vrmUkbvdgr5/dU699Rjg="


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"{ORIGIN}\n7\n{ROOT}",
        f"{ORIGIN}\n7\n{ROOT}\nextension\n",
        f"{ORIGIN}\n07\n{ROOT}\n",
        f"{ORIGIN}\n+7\n{ROOT}\n",
        f"{ORIGIN}\n\uff17\n{ROOT}\n",
        f"{ORIGIN}\n-1\n{ROOT}\n",
        f"{ORIGIN}\n9223372036854775808\n{ROOT}\n",
        f"{ORIGIN}\n7\n{ROOT[:-2]}h=\n",
        f"{ORIGIN}\n7\nAA==\n",
        f"{ORIGIN}\n7\n\n",
        f"\n7\n{ROOT}\n",
        f"a b\n7\n{ROOT}\n",
        f"a+b\n7\n{ROOT}\n",
    ],
)
def test_malformed_checkpoint_is_refused(text):
    """N02: sizes and base64 have one spelling; extension lines are not taken."""
    with pytest.raises(LogFormatError):
        parse_checkpoint(text)


_NEAR = st.builds(
    "{}\n{}\n{}\n".format, st.text(max_size=5), st.text("0123456789+ ", max_size=4), st.sampled_from([ROOT, ROOT[1:]])
)


@given(st.one_of(st.text(max_size=80), _NEAR))
@settings(max_examples=200)
def test_checkpoint_that_parses_encodes_to_the_same(text):
    """On any text: a checkpoint that encodes to it, or LogFormatError and nothing else."""
    try:
        checkpoint = parse_checkpoint(text)
    except LogFormatError:
        return
    assert checkpoint.encode() == text
