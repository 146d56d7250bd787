from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import LogFormatError, NoteError
from audit.note import (
    ED25519,
    Note,
    Signature,
    VerifierKey,
    cosign_note,
    parse_note,
    parse_verifier_key,
    sign_note,
    verify_note,
)
from crypto.keys import SigningKey
from tests.audit.small_log import LOG, LOG_KEY, ORIGIN, WITNESS, WITNESS_KEY

TEXT = "first line\nsecond line\n"
SIGNED = sign_note(TEXT, ORIGIN, LOG_KEY)
BOTH = cosign_note(SIGNED, WITNESS.name, WITNESS_KEY, 1_700_000_000)


def test_worked_verifier_keys():
    """Key ids and text forms of the example keys are the agreed ones."""
    assert LOG_KEY.public.hex() == "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    assert str(LOG) == "audit.example.nl/log1+cae69038+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    assert WITNESS_KEY.public.hex() == "29acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7"
    assert str(WITNESS) == "witness.example.nl/w1+54f71ffe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"


@pytest.mark.parametrize("key", [LOG, WITNESS])
def test_verifier_key_reads_back(key):
    """A verifier key survives its text form."""
    assert parse_verifier_key(str(key)) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+cae69038",
        str(LOG) + "=",
        str(LOG).replace("cae69038", "CAE69038"),
        str(LOG).replace("cae69038", "cae69039"),
        str(LOG).replace("audit", "audit2"),
        "+cae69038+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "a b+cae69038+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "name+00000000+",
        "name+00000000+AQ==",
    ],
)
def test_other_verifier_key_is_refused(text):
    """A key whose id is not its own, of another length, kind or spelling is refused."""
    with pytest.raises(LogFormatError):
        parse_verifier_key(text)


def test_unknown_kind_of_key_is_refused():
    """Kinds other than 0x01 and 0x04 are not verified here, so they are not taken."""
    with pytest.raises(LogFormatError):
        VerifierKey("name", 2, bytes(32))


def test_signed_note_verifies():
    """The key that signed is returned; keys that did not sign are not."""
    assert verify_note(SIGNED, [LOG, WITNESS]) == (LOG,)
    assert verify_note(BOTH, [WITNESS]) == (WITNESS,)
    assert verify_note(BOTH, [LOG, WITNESS]) == (LOG, WITNESS)


def test_note_reads_back():
    """A note survives its bytes."""
    assert parse_note(BOTH.encode()) == BOTH


def test_text_may_hold_empty_lines():
    """Text and signatures part at the last empty line."""
    note = sign_note("one\n\ntwo\n", ORIGIN, LOG_KEY)
    assert parse_note(note.encode()) == note


def test_unknown_signers_are_ignored():
    """A note may carry the signatures of keys that the reader does not know."""
    other = sign_note(TEXT, "other", SigningKey.from_seed(b"o" * 32))
    note = Note(TEXT, (*other.signatures, *SIGNED.signatures))
    assert verify_note(note, [LOG]) == (LOG,)


@pytest.mark.parametrize("keys", [[], [WITNESS], [VerifierKey("audit.example.nl/log2", ED25519, LOG.public)]])
def test_note_without_a_wanted_signature_is_refused(keys):
    """A note that none of the wanted keys signed is worth nothing."""
    with pytest.raises(NoteError):
        verify_note(SIGNED, keys)


def test_changed_text_is_refused():
    """The signature covers the whole text."""
    with pytest.raises(NoteError):
        verify_note(Note(TEXT.replace("second", "third"), SIGNED.signatures), [LOG])


def test_one_bad_signature_of_a_wanted_key_spoils_the_note():
    """A good signature beside a bad one of another wanted key does not save the note."""
    bad = Signature(WITNESS.name, WITNESS.id, bytes(72))
    with pytest.raises(NoteError):
        verify_note(Note(TEXT, (*SIGNED.signatures, bad)), [LOG, WITNESS])


@pytest.mark.parametrize("blob", [b"\0", bytes(63), bytes(64), bytes(71), bytes(73), b"\xff" * 72])
def test_blob_of_another_length_is_refused(blob):
    """Signatures are 64 bytes, cosignatures 72 with a time below 2^63."""
    for key in (LOG, WITNESS):
        with pytest.raises(NoteError):
            verify_note(Note(TEXT, (Signature(key.name, key.id, blob),)), [key])


def test_cosignature_covers_its_time():
    """A cosignature with another time does not verify."""
    line = BOTH.signatures[1]
    moved = Signature(line.name, line.id, (1_700_000_001).to_bytes(8, "big") + line.blob[8:])
    with pytest.raises(NoteError):
        verify_note(Note(TEXT, (moved,)), [WITNESS])


@pytest.mark.parametrize("text", ["", "no end", "tab\there\n", "bell\x07\n", "return\r\n"])
def test_text_that_is_not_made_of_lines_is_not_signed(text):
    """The text is complete lines without control characters."""
    with pytest.raises(LogFormatError):
        sign_note(text, ORIGIN, LOG_KEY)


LINE = str(SIGNED.signatures[0])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"\n\n",
        f"text\n\n{LINE}".encode(),
        f"text\n{LINE}\n".encode(),
        f"text\n\n{LINE}\n\n{LINE}x\n".encode(),
        f"text\n\n{LINE} \n".encode(),
        f"text\n\n{LINE.replace('—', '-')}\n".encode(),
        f"text\n\n{LINE[:-1]}\n".encode(),
        "text\n\n— name AAAAAA==\n".encode(),
        "text\n\n— name AAAAAAB=\n".encode(),
        "text\n\n— na+me AAAAAAA=\n".encode(),
        "text\n\n—  AAAAAAA=\n".encode(),
        f"te\rxt\n\n{LINE}\n".encode(),
        b"te\xffxt\n\n" + LINE.encode() + b"\n",
        b"text\n\n" + (LINE.encode() + b"\n") * 65,
        b"t" * 1_000_001,
    ],
)
def test_malformed_note_is_refused(data):
    """Every departure from the form is LogFormatError."""
    with pytest.raises(LogFormatError):
        parse_note(data)


_MUTANTS = st.tuples(st.integers(0, len(BOTH.encode()) - 1), st.integers(1, 255)).map(
    lambda change: (
        BOTH.encode()[: change[0]] + bytes((BOTH.encode()[change[0]] ^ change[1],)) + BOTH.encode()[change[0] + 1 :]
    )
)


@given(st.one_of(st.binary(max_size=100), _MUTANTS))
@settings(max_examples=300)
def test_note_that_parses_encodes_to_the_same_bytes(data):
    """On any bytes: a note that encodes to them, or LogFormatError and nothing else."""
    try:
        note = parse_note(data)
    except LogFormatError:
        return
    assert note.encode() == data


@given(st.text(max_size=60))
@settings(max_examples=150)
def test_verifier_key_that_parses_prints_the_same(text):
    """On any text: a verifier key that prints it, or LogFormatError and nothing else."""
    try:
        key = parse_verifier_key(text)
    except LogFormatError:
        return
    assert str(key) == text


def test_bad_line_behind_a_good_one_spoils_the_note():
    """Every line of a wanted key must verify, also one that repeats its name and id."""
    note = sign_note("text\n", LOG.name, LOG_KEY)
    bad = Signature(LOG.name, LOG.id, bytes(64))
    assert verify_note(Note(note.text, (*note.signatures, *note.signatures)), [LOG]) == (LOG,)
    with pytest.raises(NoteError):
        verify_note(Note(note.text, (*note.signatures, bad)), [LOG])
