"""What Python encodes, signs or seals, TypeScript reads alike, and the reverse: the proof that the formats can freeze."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crypto.canonical import decode_json, encode_json
from crypto.encoding import bind, decode_base64
from crypto.errors import CryptoError, SignatureError, TamperedError
from crypto.keys import SealingKey, SigningKey, verify_ed25519
from crypto.labels import Label
from crypto.seal import open_sealed, seal, unwrap, wrap
from crypto.statements import parse_statement, sign, verify, verify_threshold
from crypto.wordlist import words
from tests.interop.made import (
    outcome,
    reading_request,
    register,
)

SOME = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_both_sides_have_the_same_labels_and_words(peer):
    """The table of labels and the list of words are the same in both languages."""
    assert peer("labels") == {label.name: label.value for label in Label}
    assert peer("words") == list(words())


json_values = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@SOME
@given(json_values)
def test_canonical_json_is_the_same_on_both_sides(peer, value):
    """What one side encodes or refuses, the other encodes to the same bytes or refuses alike."""
    try:
        data = encode_json(value)
    except CryptoError:
        return
    assert peer("canonical", data=data) == data.hex()


def recode(data: bytes) -> bytes:
    """Decode and encode again."""
    return encode_json(decode_json(data))


@SOME
@given(
    st.binary(max_size=40)
    | st.sampled_from([b'{"a":1,"a":1}', b"[1.0]", b"[-0]", b"null", b"[1e2]", b'"\\u00e9"', b'"\\u000A"'])
)
def test_bad_json_is_refused_alike(peer, data):
    """Bytes that one side refuses as JSON are refused by the other with the same class of error."""
    here = outcome(recode, data)
    assert outcome(peer, "canonical", data=data) == here


@SOME
@given(st.text(alphabet="QRSTU/+=-_ \n", max_size=12))
def test_base64_is_refused_alike(peer, text):
    """Both sides accept the same one spelling of base64."""
    assert outcome(peer, "base64", text=text) == outcome(decode_base64, text)


@SOME
@given(st.lists(st.binary(max_size=20), max_size=5))
def test_binding_is_the_same_on_both_sides(peer, fields):
    """A label and fields bind to the same bytes."""
    assert peer("bind", label=Label.CAPSULE, fields=fields) == bind(Label.CAPSULE, *fields).hex()


@SOME
@given(st.binary(max_size=60))
def test_statement_bytes_are_refused_alike(peer, start):
    """Random bytes are no statement, on both sides with the same class of error."""
    for data in (start, b'{"payload":"' + start + b'"}'):
        here = outcome(parse_statement, data)
        assert outcome(peer, "verify", envelope=data, key=bytes(32)) == here


def test_a_statement_signed_in_python_verifies_in_typescript(peer):
    """Envelope and statement hash are the same; Ed25519 is deterministic, so even the bytes agree."""
    key, payload = SigningKey.generate(), reading_request()
    statement = sign("reading-request", payload, key)
    assert peer("verify", envelope=statement.envelope, key=key.public) == statement.hash.hex()
    assert peer("statementHash", kind="reading-request", payload=dict(statement.payload)) == statement.hash.hex()
    assert peer("sign", kind="reading-request", payload=payload, seed=key.seed) == statement.envelope.hex()


def test_a_statement_of_another_key_is_refused_by_both(peer):
    """A statement is refused under every key but the one that it names."""
    statement, other = sign("reading-request", reading_request(), SigningKey.generate()), SigningKey.generate().public
    with pytest.raises(SignatureError):
        verify(statement, other)
    assert outcome(peer, "verify", envelope=statement.envelope, key=other) == "SignatureError"


def test_signatures_of_several_are_counted_alike(peer):
    """A register entry cosigned on one side is verified by threshold on the other; a third threshold is refused."""
    pinned, entry, _ = register()
    signers = verify_threshold(entry, pinned.keys, 2)
    assert peer("verifyThreshold", envelope=entry.envelope, keys=pinned.keys, threshold=2) == [
        key.hex() for key in signers
    ]
    too_few = outcome(peer, "verifyThreshold", envelope=entry.envelope, keys=pinned.keys, threshold=3)
    assert too_few == "SignatureError"


def test_strange_signatures_are_judged_alike(peer):
    """Small-order keys, S at or above the group order and non-canonical points are refused by both (N10)."""
    key, message = SigningKey.generate(), b"text"
    good = key.sign(message)
    order = 2**252 + 27742317777372353535851937790883648493
    shifted = good[:32] + (int.from_bytes(good[32:], "little") + order).to_bytes(32, "little")
    small = bytes([1]) + bytes(31)
    cases = [(key.public, good, True), (key.public, shifted, False), (small, small + bytes(32), False)]
    cases += [
        (key.public, b"\xff" * 32 + good[32:], False),
        (b"\xff" * 32, good, False),
        (key.public, good[:63], False),
    ]
    for public, signature, wanted in cases:
        here = outcome(verify_ed25519, public, message, signature)
        there = outcome(peer, "verifyEd25519", key=public, message=message, signature=signature)
        assert (here, there) == ((None, True) if wanted else ("SignatureError", "SignatureError"))


def test_what_one_side_seals_the_other_opens(peer):
    """HPKE with X-Wing: public keys, and openings in both directions, agree; another label does not open."""
    pair, context, text = SealingKey.generate(), (b"a", b"", bytes(40)), secrets.token_bytes(1_000)
    assert peer("sealingKey", seed=pair.seed) == pair.public.hex()
    sealed = seal(Label.MESSAGE, context, pair.public, text)
    assert peer("open", label=Label.MESSAGE, context=context, seed=pair.seed, sealed=sealed) == text.hex()
    back = bytes.fromhex(peer("seal", label=Label.MESSAGE, context=context, key=pair.public, plaintext=text))
    assert open_sealed(Label.MESSAGE, context, pair, back) == text
    for label, bad in ((Label.CAPSULE, sealed), (Label.MESSAGE, sealed[:-1]), (Label.MESSAGE, b"")):
        there = outcome(peer, "open", label=label, context=context, seed=pair.seed, sealed=bad)
        assert there == "TamperedError"


@pytest.mark.parametrize(
    "bad", [bytes(1_215), b"\xff" * 1_216, bytes(1_216)], ids=["short", "out of range", "small order"]
)
def test_bad_sealing_keys_are_refused_alike(peer, bad):
    """A public key that nothing should be sealed to is MalformedError on both sides."""
    here = outcome(seal, Label.MESSAGE, (), bad, b"text")
    assert here == "MalformedError"
    assert outcome(peer, "seal", label=Label.MESSAGE, context=[], key=bad, plaintext=b"text") == here


def test_what_one_side_wraps_the_other_unwraps(peer):
    """XChaCha20-Poly1305 wraps open in both directions, under the same label and context only."""
    key, context, text = secrets.token_bytes(32), (b"x" * 16,), b"secret"
    wrapped = wrap(Label.DEVICE_STATE, context, key, text)
    assert peer("unwrap", label=Label.DEVICE_STATE, context=context, key=key, wrapped=wrapped) == text.hex()
    back = bytes.fromhex(peer("wrap", label=Label.DEVICE_STATE, context=context, key=key, plaintext=text))
    assert unwrap(Label.DEVICE_STATE, context, key, back) == text
    with pytest.raises(TamperedError):
        unwrap(Label.DEVICE_STATE, (b"y" * 16,), key, back)
