"""Known attacks on the primitives, against our own calls in Python and in TypeScript: nothing slips through either.

The cases are made here, one family of public attacks each; known answers are in `tests/crypto/test_known_answers.py`.
"""

from __future__ import annotations

import pytest

from crypto import CryptoError, Label, SealingKey, SigningKey, open_sealed, seal, unwrap, verify_ed25519, wrap
from crypto.keys import parse_sealing_key
from crypto.seal import TAG_SIZE

PAIR, CONTEXT, KEY = SealingKey.from_seed(b"n" * 32), (b"one",), bytes(range(32))
LATTICE, CURVE = PAIR.public[:1_184], PAIR.public[1_184:]
ENCAPSULATED_LATTICE = 1_088
FIELD, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493

# The u of the points of order 1, 2, 4 and 8 on the curve and its twist, and their other spellings below 2**255.
_SMALL = (
    0,
    1,
    FIELD - 1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
)
SMALL_ORDER = sorted({u + again for u in _SMALL for again in (0, FIELD) if u + again < 2**255})
TOP_BIT = 2**255


def verdict(call, *args, **named):
    """The name of the error that a call ends with, None for none."""
    try:
        call(*args, **named)
    except CryptoError as error:
        return type(error).__name__
    return None


def verdicts(peer, here, call, **args):
    """What the call ends with here, and over there: alike, for all who read them together."""
    names = {verdict(here), verdict(peer, call, **args)}
    assert len(names) == 1
    return names.pop()


@pytest.mark.parametrize("u", [*SMALL_ORDER, *(u + TOP_BIT for u in SMALL_ORDER)])
def test_nothing_is_sealed_to_a_curve_half_of_small_order(peer, u):
    """No X25519 point of small order is sealed to, however it is spelt: the secret would be known (N08)."""
    public = LATTICE + u.to_bytes(32, "little")

    def here():
        seal(Label.MESSAGE, CONTEXT, public, b"text")

    args = {"label": Label.MESSAGE, "context": CONTEXT, "key": public, "plaintext": b"text"}
    assert verdicts(peer, here, "seal", **args) == "MalformedError"


@pytest.mark.parametrize("u", SMALL_ORDER)
def test_nothing_opens_from_an_encapsulation_of_small_order(peer, u):
    """An encapsulation whose X25519 point has small order opens nothing (N08)."""
    sealed = seal(Label.MESSAGE, CONTEXT, PAIR.public, b"text")
    forged = sealed[:ENCAPSULATED_LATTICE] + u.to_bytes(32, "little") + sealed[ENCAPSULATED_LATTICE + 32 :]

    def here():
        open_sealed(Label.MESSAGE, CONTEXT, PAIR, forged)

    args = {"label": Label.MESSAGE, "context": CONTEXT, "seed": PAIR.seed, "sealed": forged}
    assert verdicts(peer, here, "open", **args) == "TamperedError"


@pytest.mark.parametrize("at", [0, 1, 383, 766, 767])
@pytest.mark.parametrize("coefficient", [3_329, 3_330, 4_095])
def test_lattice_keys_out_of_range_are_refused(peer, at, coefficient):
    """An ML-KEM key with a coefficient at or above q is no key: FIPS 203 section 7.2, modulus check (N08)."""
    number = int.from_bytes(LATTICE, "little")
    number = number & ~(0xFFF << 12 * at) | coefficient << 12 * at
    public = number.to_bytes(len(LATTICE), "little") + CURVE
    assert verdict(parse_sealing_key, public) == "MalformedError"
    args = {"label": Label.MESSAGE, "context": CONTEXT, "key": public, "plaintext": b"text"}
    assert verdict(peer, "seal", **args) == "MalformedError"


@pytest.mark.parametrize("at", [0, 1, 500, 959, 960, 1_087, 1_088, 1_119])
def test_a_changed_encapsulation_is_like_any_other_failure(peer, at):
    """ML-KEM gives another secret for a changed encapsulation, X25519 too: that is the one error, no other (N08)."""
    forged = bytearray(seal(Label.MESSAGE, CONTEXT, PAIR.public, b"text"))
    forged[at] ^= 1

    def here():
        open_sealed(Label.MESSAGE, CONTEXT, PAIR, bytes(forged))

    args = {"label": Label.MESSAGE, "context": CONTEXT, "seed": PAIR.seed, "sealed": bytes(forged)}
    assert verdicts(peer, here, "open", **args) == "TamperedError"


@pytest.mark.parametrize(
    "change",
    [
        *(lambda tag, bit=bit: _flip(tag, bit) for bit in (0, 1, 7, 8, 31, 32, 63, 64, 71, 77, 97, 103, 120, 126, 127)),
        lambda tag: bytes(16),
        lambda tag: b"\xff" * 16,
        lambda tag: bytes(byte ^ 0xFF for byte in tag),
        lambda tag: bytes(byte ^ 0x80 for byte in tag),
        lambda tag: tag[:8] + _flip(tag[8:], 0),
        lambda tag: tag[:-1],
        lambda tag: tag[:8],
        lambda tag: b"",
    ],
)
def test_every_bit_of_a_tag_counts(peer, change):
    """XChaCha20-Poly1305: no changed, cut, empty, constant or inverted tag passes (N08)."""
    wrapped = wrap(Label.MESSAGE, CONTEXT, KEY, b"text of some length")
    forged = wrapped[:-TAG_SIZE] + change(wrapped[-TAG_SIZE:])

    def here():
        unwrap(Label.MESSAGE, CONTEXT, KEY, forged)

    args = {"label": Label.MESSAGE, "context": CONTEXT, "key": KEY, "wrapped": forged}
    assert verdicts(peer, here, "unwrap", **args) == "TamperedError"


@pytest.mark.parametrize("times", [1, 2, 3, 15])
def test_signatures_are_not_malleable(peer, times):
    """Ed25519: S with the group order added, once or more, is another signature of the same text: refused (N08)."""
    key, message = SigningKey.from_seed(KEY), b"message"
    good = key.sign(message)
    scalar = int.from_bytes(good[32:], "little") + times * ORDER
    forged = good[:32] + scalar.to_bytes(32, "little")

    def here():
        verify_ed25519(key.public, message, forged)

    assert verdicts(peer, here, "verifyEd25519", key=key.public, message=message, signature=forged) == "SignatureError"


@pytest.mark.parametrize(
    "forge",
    [
        lambda good: good[:32] + bytes(32),
        lambda good: bytes(32) + good[32:],
        lambda good: bytes(64),
        lambda good: b"\xff" * 64,
        lambda good: good[32:] + good[:32],
        lambda good: good[:63],
        lambda good: good + b"\0",
        lambda good: b"",
        lambda good: good[:31] + bytes([good[31] ^ 0x80]) + good[32:],
        lambda good: good[:63] + bytes([good[63] | 0xE0]),
        lambda good: (FIELD + 1).to_bytes(32, "little") + good[32:],
    ],
)
def test_forged_signatures(peer, forge):
    """Ed25519: cut, longer, swapped, constant halves, another sign of R, high bits of S: none verifies (N08)."""
    key, message = SigningKey.from_seed(KEY), b"message"
    forged = forge(key.sign(message))

    def here():
        verify_ed25519(key.public, message, forged)

    assert verdicts(peer, here, "verifyEd25519", key=key.public, message=message, signature=forged) == "SignatureError"


def _flip(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
