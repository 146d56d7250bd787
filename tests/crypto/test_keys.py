from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import MalformedError, SealingKey, SignatureError, SigningKey, key_hash, sha256, verify_ed25519
from crypto.keys import parse_sealing_key

PAIRS = (SigningKey, SealingKey)


@pytest.mark.parametrize("pair", PAIRS)
def test_seed_round_trip(pair):
    """A pair is its seed: the same seed gives the same pair, another one another."""
    key = pair.generate()
    assert pair.from_seed(key.seed) == key
    assert pair.from_seed(key.seed).public == key.public
    assert pair.generate() != key


@pytest.mark.parametrize("pair", PAIRS)
def test_secrets_stay(pair):
    """A secret half neither prints, nor is pickled, copied or hashed."""
    key = pair.from_seed(b"secret seed, 32 bytes long......")
    assert repr(key) == f"{pair.__name__}(...)"
    assert str(key) == repr(key)
    for leak in (pickle.dumps, copy.copy, hash):
        with pytest.raises(TypeError):
            leak(key)


def test_pairs_differ():
    """A signing pair never equals a sealing pair of the same seed."""
    assert SigningKey.from_seed(bytes(32)) != SealingKey.from_seed(bytes(32))


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_seed_size(pair, size):
    """A seed of another size is refused."""
    with pytest.raises(MalformedError):
        pair.from_seed(bytes(size))


@given(st.binary(max_size=50))
def test_sign_and_verify(message):
    """A signature verifies for its message and key, and for no other message."""
    key = SigningKey.from_seed(bytes(32))
    signature = key.sign(message)
    verify_ed25519(key.public, message, signature)
    with pytest.raises(SignatureError):
        verify_ed25519(key.public, message + b"!", signature)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
def test_verify_random(public, signature):
    """Random keys and signatures give our error and nothing else (N10)."""
    with pytest.raises(SignatureError):
        verify_ed25519(public, b"message", signature)


SMALL_ORDER = (
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
)


@pytest.mark.parametrize("public", SMALL_ORDER)
@pytest.mark.parametrize("point", SMALL_ORDER)
def test_small_order(public, point):
    """No signature of small order is taken, under no key of small order (N10)."""
    with pytest.raises(SignatureError):
        verify_ed25519(bytes.fromhex(public), b"message", bytes.fromhex(point) + bytes(32))


def test_key_hash():
    """A key is named by the SHA-256 of its public half."""
    assert key_hash(b"public") == sha256(b"public")


@pytest.mark.parametrize("size", [0, 32, 1_184, 1_215, 1_217])
def test_sealing_key_size(size):
    """A public key of another size cannot be sealed to."""
    with pytest.raises(MalformedError):
        parse_sealing_key(bytes(size))
