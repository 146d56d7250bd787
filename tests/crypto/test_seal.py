from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import CryptoError, Label, MalformedError, SealingKey, TamperedError, hkdf, open_sealed, seal, unwrap, wrap
from crypto.seal import SEAL_OVERHEAD

KEY = SealingKey.from_seed(bytes(32))
CONTEXT = (b"one", b"two")


@given(st.binary(max_size=100))
def test_seal_round_trip(plaintext):
    """What is sealed opens with the pair, adds a known length, and never looks the same twice (P1)."""
    sealed = seal(Label.MESSAGE, CONTEXT, KEY.public, plaintext)
    assert open_sealed(Label.MESSAGE, CONTEXT, KEY, sealed) == plaintext
    assert len(sealed) == len(plaintext) + SEAL_OVERHEAD
    assert seal(Label.MESSAGE, CONTEXT, KEY.public, plaintext) != sealed


@given(st.binary(max_size=100))
def test_wrap_round_trip(plaintext):
    """What is wrapped opens with the key, and never looks the same twice (P1)."""
    wrapped = wrap(Label.DEVICE_STATE, CONTEXT, bytes(32), plaintext)
    assert unwrap(Label.DEVICE_STATE, CONTEXT, bytes(32), wrapped) == plaintext
    assert wrap(Label.DEVICE_STATE, CONTEXT, bytes(32), plaintext) != wrapped


@given(st.binary(max_size=1_300))
def test_open_random_bytes(data):
    """Random bytes give the one error of a failed opening, the same for every cause (R5)."""
    for attempt in (
        lambda: open_sealed(Label.MESSAGE, CONTEXT, KEY, data),
        lambda: unwrap(Label.MESSAGE, CONTEXT, bytes(32), data),
    ):
        with pytest.raises(TamperedError) as caught:
            attempt()
        assert str(caught.value) == str(TamperedError())


@pytest.mark.parametrize("at", [0, 600, 1_119, 1_120, 1_140, -1])
def test_flipped_seal(at):
    """One bit changed anywhere in a seal is noticed (N04)."""
    sealed = bytearray(seal(Label.MESSAGE, CONTEXT, KEY.public, bytes(32)))
    sealed[at] ^= 1
    with pytest.raises(TamperedError):
        open_sealed(Label.MESSAGE, CONTEXT, KEY, bytes(sealed))


def test_flipped_wrap():
    """Every bit changed in nonce, text or tag of a wrap is noticed (N04)."""
    wrapped = wrap(Label.MESSAGE, CONTEXT, bytes(32), b"text")
    for bit in range(len(wrapped) * 8):
        changed = bytearray(wrapped)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(TamperedError):
            unwrap(Label.MESSAGE, CONTEXT, bytes(32), bytes(changed))


def test_other_recipient():
    """Only the recipient's own pair opens (P1)."""
    sealed = seal(Label.MESSAGE, CONTEXT, KEY.public, b"text")
    with pytest.raises(TamperedError):
        open_sealed(Label.MESSAGE, CONTEXT, SealingKey.generate(), sealed)


def test_small_order_recipient():
    """Nothing is sealed to a key whose curve half has small order (N08)."""
    with pytest.raises(MalformedError):
        seal(Label.MESSAGE, CONTEXT, KEY.public[:1_184] + bytes(32), b"text")


@given(st.binary(min_size=1_216, max_size=1_216))
def test_random_recipient(public):
    """Sealing to random bytes succeeds or gives our error."""
    try:
        sealed = seal(Label.MESSAGE, CONTEXT, public, b"")
    except CryptoError:
        return
    assert len(sealed) == SEAL_OVERHEAD


@pytest.mark.parametrize("size", [0, 31, 33])
def test_symmetric_key_size(size):
    """A symmetric key of another size is refused in both directions."""
    wrapped = wrap(Label.MESSAGE, (), bytes(32), b"")
    with pytest.raises(MalformedError):
        wrap(Label.MESSAGE, (), bytes(size), b"")
    with pytest.raises(MalformedError):
        unwrap(Label.MESSAGE, (), bytes(size), wrapped)


@given(st.lists(st.binary(max_size=8), max_size=4), st.lists(st.binary(max_size=8), max_size=4))
def test_derivations_differ(one, other):
    """Two contexts give the same key only if they are the same context."""
    same = hkdf(bytes(32), Label.SECTION_KEM, *one) == hkdf(bytes(32), Label.SECTION_KEM, *other)
    assert same == (one == other)
