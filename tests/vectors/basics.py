"""Vectors of the encodings, of key pairs and signatures, and of the three uses of a binding."""

from __future__ import annotations

from crypto.encoding import bind
from crypto.keys import SealingKey, SigningKey
from crypto.labels import Label
from crypto.seal import hkdf, seal, wrap
from tests.vectors.frozen import b64, fixed, flip, vector

ORDER = 2**252 + 27742317777372353535851937790883648493
"""The order of the prime subgroup of edwards25519 (RFC 8032 section 5.1)."""


def make() -> None:
    """Make the vectors of this module."""
    _encoding()
    _base64()
    _canonical()
    _canonical_faults()
    _keys()
    _signatures()
    _seals()
    _wraps()
    _derivations()


def _encoding() -> None:
    def good(name: str, comment: str, label: str, *fields: bytes) -> None:
        bound = bind(label, *fields)
        vector("encoding", name, "success", comment, label=label, fields=[b64(f) for f in fields], bound=b64(bound))

    def bad(name: str, comment: str, bound: bytes, label: str = "test") -> None:
        vector("encoding", name, "malformed", comment, label=label, bound=b64(bound))

    good("no-fields", "a label alone", "test")
    good("empty-field", "one empty field is not no field", "test", b"")
    good("two-fields", "two fields", "test", b"a", b"bc")
    good("moved-border", "the same bytes cut elsewhere bind to something else", "test", b"ab", b"c")
    good("utf8-label", "the label counts in UTF-8 bytes", "tést", bytes(range(256)))
    sound = bind("test", b"a", b"bc")
    bad("empty", "nothing at all", b"")
    bad("zero-count", "count 0: not even a label", bytes(8))
    bad("other-label", "bound under another label", sound, "tesu")
    bad("trailing-byte", "a byte after the last field", sound + b"\x00")
    bad("cut", "the last byte is missing", sound[:-1])
    bad("count-too-low", "count says one field fewer", b"\x02" + sound[1:])
    bad("count-too-high", "count says one field more", b"\x04" + sound[1:])
    bad("huge-count", "a count above 2^53-1", b"\xff" * 8 + sound[8:])
    bad("huge-length", "a length above 2^53-1", sound[:8] + b"\xff" * 8 + sound[16:])
    bad("big-endian", "count and lengths big-endian", b"".join(_big(p) for p in (2, 4)) + b"test" + _big(0))


def _big(number: int) -> bytes:
    return number.to_bytes(8, "big")


def _base64() -> None:
    for name, text, data in (
        ("empty", "", b""),
        ("one-byte", "QQ==", b"A"),
        ("two-bytes", "QUI=", b"AB"),
        ("all-letters", "+/+/", b"\xfb\xff\xbf"),
    ):
        vector("base64", name, "success", "canonical", text=text, data=data.hex())
    for name, comment, text in (
        ("no-padding", "padding is missing", "QQ"),
        ("short-padding", "one padding character of two", "QQ="),
        ("long-padding", "more padding than needed", "QUI=="),
        ("stray-bits", "bits set that belong to no byte", "QR=="),
        ("stray-bits-two", "bits set that belong to no byte, two bytes", "QUJ="),
        ("url-letters", "the URL alphabet", "-_-_"),
        ("space", "a space inside", "QU I="),
        ("line-feed", "a line feed at the end", "QUI=\n"),
        ("padding-inside", "padding before the end", "QQ==QQ=="),
        ("not-ascii", "a letter outside ASCII", "QQÉ="),
        ("lone-letter", "one letter carries no byte", "Q"),
    ):
        vector("base64", name, "malformed", comment, text=text)


def _canonical() -> None:
    def good(name: str, comment: str, text: str, value: object) -> None:
        vector("canonical", name, "success", comment, json=b64(text.encode()), value=value)

    good("object", "keys in order", '{"a":1,"b":[true,false,""]}', {"a": 1, "b": [True, False, ""]})
    good("empty-object", "no keys", "{}", {})
    good("number-bounds", "the largest integers", "[9007199254740991,-9007199254740991]", [2**53 - 1, 1 - 2**53])
    good(
        "escapes",
        "short escapes, and lower-case hex for other controls",
        r'"\"\\\b\f\n\r\t\u0000\u001f/"',
        '"\\\b\f\n\r\t\0\x1f/',
    )
    good("delete", "U+007F and U+2028 stand as they are", '"\x7f\u2028"', "\x7f\u2028")
    # U+E000 sorts after U+1F600 in UTF-16 code units, and before it by code point.
    good("utf16-order", "keys sort by UTF-16 code units", '{"\U0001f600":1,"\ue000":2}', {"\U0001f600": 1, "\ue000": 2})
    good("prefix-order", "a prefix sorts first", '{"":0,"a":1,"aa":2}', {"": 0, "a": 1, "aa": 2})
    good("depth-8", "eight levels", "[" * 8 + "]" * 8, [[[[[[[[]]]]]]]])


def _canonical_faults() -> None:
    for name, comment, data in (
        ("key-order", "keys out of order", b'{"b":1,"a":2}'),
        ("code-point-order", "keys in code point order", '{"\ue000":2,"\U0001f600":1}'.encode()),
        ("double-key", "a key twice", b'{"a":1,"a":1}'),
        ("space", "white space", b'{"a": 1}'),
        ("trailing", "a line feed at the end", b"{}\n"),
        ("byte-order-mark", "a byte order mark", b"\xef\xbb\xbf{}"),
        ("null", "null", b'{"a":null}'),
        ("fraction", "a fraction", b"[1.5]"),
        ("fraction-of-zero", "an integer spelled as a fraction", b"[1.0]"),
        ("exponent", "an exponent", b"[1e2]"),
        ("minus-zero", "minus zero", b"[-0]"),
        ("leading-zero", "a leading zero", b"[01]"),
        ("too-large", "2^53", b"[9007199254740992]"),
        ("too-small", "-2^53", b"[-9007199254740992]"),
        ("very-large", "five thousand digits", b"[" + b"9" * 5000 + b"]"),
        ("nan", "not a number", b"[NaN]"),
        ("decomposed", "text not in normalisation form C", '"e\u0301"'.encode()),
        ("decomposed-key", "a key not in normalisation form C", '{"e\u0301":1}'.encode()),
        ("lone-surrogate", "an escaped lone surrogate", rb'"\ud800"'),
        ("surrogate-bytes", "a surrogate in UTF-8", b'"\xed\xa0\x80"'),
        ("needless-escape", "an escape where none is needed", rb'"\u0041"'),
        ("upper-case-escape", "upper-case hex in an escape", rb'"\u001F"'),
        ("escaped-slash", "an escaped slash", rb'"\/"'),
        ("raw-control", "a raw control character", b'"\x01"'),
        ("bad-utf8", "a byte that is not UTF-8", b'"\xff"'),
        ("depth-9", "nine levels", b"[" * 9 + b"]" * 9),
        ("very-deep", "thirty thousand levels", b"[" * 30_000 + b"]" * 30_000),
        ("comma", "a trailing comma", b"[1,]"),
        ("empty", "nothing", b""),
    ):
        vector("canonical", name, "malformed", comment, json=b64(data))
    vector("canonical", "size-limit", "success", "65,536 bytes", json=b64(_long(65_536)), value="x" * 65_534)
    vector("canonical", "over-size", "limit", "65,537 bytes", json=b64(_long(65_537)))


def _long(size: int) -> bytes:
    return b'"' + b"x" * (size - 2) + b'"'


def _keys() -> None:
    for name in ("zero", "one"):
        seed = bytes(32) if name == "zero" else fixed("seed one")
        signing, sealing = SigningKey.from_seed(seed), SealingKey.from_seed(seed)
        comment = "the public keys of a seed: Ed25519 and X-Wing"
        vector(
            "keys",
            name,
            "success",
            comment,
            seed=b64(seed),
            signingKey=b64(signing.public),
            sealingKey=b64(sealing.public),
        )


def _signatures() -> None:
    key, message = SigningKey.from_seed(fixed("signature key")), b"a message"
    sound = key.sign(message)
    point, scalar = sound[:32], int.from_bytes(sound[32:], "little")
    above = point + (scalar + ORDER).to_bytes(32, "little")
    identity_point = b"\x01" + bytes(31)
    for name, expect, comment, public, signature in (
        ("valid", "success", "a sound signature", key.public, sound),
        ("flipped-point", "signature", "one bit of R", key.public, flip(sound, 0)),
        ("flipped-scalar", "signature", "one bit of S", key.public, flip(sound, 32)),
        ("scalar-above-order", "signature", "S plus the group order", key.public, above),
        ("other-key", "signature", "another key", SigningKey.from_seed(fixed("other key")).public, sound),
        (
            "small-order-key",
            "signature",
            "the identity as key: S = 0 would fit any message",
            identity_point,
            identity_point + bytes(32),
        ),
        ("small-order-point", "signature", "R of small order", key.public, identity_point + sound[32:]),
        (
            "non-canonical-key",
            "signature",
            "a key at or above the field prime",
            b"\xee" + b"\xff" * 30 + b"\x7f",
            sound,
        ),
        ("short-signature", "signature", "63 bytes", key.public, sound[:63]),
        ("long-signature", "signature", "65 bytes", key.public, sound + b"\0"),
        ("short-key", "signature", "a key of 31 bytes", key.public[:31], sound),
    ):
        vector("signature", name, expect, comment, key=b64(public), message=b64(message), signature=b64(signature))


def _seals() -> None:
    seed, plaintext, context = fixed("recipient"), b"thirty-two bytes of a secret key", (b"one", b"two")
    recipient = SealingKey.from_seed(seed)
    sound = seal(Label.MESSAGE, context, recipient.public, plaintext)

    def one(name: str, expect: str, comment: str, sealed: bytes, **changes: object) -> None:
        fields = {
            "label": Label.MESSAGE,
            "context": [b64(c) for c in context],
            "seed": b64(seed),
            "sealed": b64(sealed),
        }
        vector("seal", name, expect, comment, **(fields | changes))

    one("valid", "success", "a sound seal", sound, plaintext=b64(plaintext))
    empty = seal(Label.MESSAGE, context, recipient.public, b"")
    one("empty", "success", "an empty plaintext", empty, plaintext="")
    one("other-label", "tampered", "opened under another label", sound, label=Label.CAPSULE)
    one("other-context", "tampered", "one field changed", sound, context=[b64(b"one"), b64(b"twp")])
    one("moved-border", "tampered", "the border between two fields moved", sound, context=[b64(b"onet"), b64(b"wo")])
    one("missing-field", "tampered", "one field fewer", sound, context=[b64(b"one")])
    one("other-key", "tampered", "another recipient", sound, seed=b64(fixed("other recipient")))
    one("flipped-encapsulation", "tampered", "first bit", flip(sound, 0))
    one("flipped-curve-point", "tampered", "a bit of the X25519 half", flip(sound, 1_090))
    one("flipped-text", "tampered", "a bit of the ciphertext", flip(sound, 1_125))
    one("flipped-tag", "tampered", "last bit", flip(sound))
    one("cut", "tampered", "last byte missing", sound[:-1])
    one("encapsulation-alone", "tampered", "no ciphertext", sound[:1_120])
    one("nothing", "tampered", "no bytes", b"")


def _wraps() -> None:
    key, plaintext, context = fixed("wrap key"), b"a secret", (b"one", b"two")
    sound = wrap(Label.DEVICE_STATE, context, key, plaintext)

    def one(name: str, expect: str, comment: str, wrapped: bytes, **changes: object) -> None:
        fields = {
            "label": Label.DEVICE_STATE,
            "context": [b64(c) for c in context],
            "key": b64(key),
            "wrapped": b64(wrapped),
        }
        vector("wrap", name, expect, comment, **(fields | changes))

    one("valid", "success", "a sound wrap", sound, plaintext=b64(plaintext))
    one("empty", "success", "an empty plaintext", wrap(Label.DEVICE_STATE, context, key, b""), plaintext="")
    one("other-label", "tampered", "opened under another label", sound, label=Label.STREAM_KEY)
    one("other-context", "tampered", "one field changed", sound, context=[b64(b"one"), b64(b"twp")])
    one("other-key", "tampered", "another key", sound, key=b64(fixed("other wrap key")))
    one("flipped-nonce", "tampered", "first bit", flip(sound, 0))
    one("flipped-text", "tampered", "a bit of the ciphertext", flip(sound, 24))
    one("flipped-tag", "tampered", "last bit", flip(sound))
    one("cut", "tampered", "last byte missing", sound[:-1])
    one("nonce-alone", "tampered", "no ciphertext", sound[:24])


def _derivations() -> None:
    key = fixed("derivation key")
    for name, label, context, size in (
        ("no-context", Label.SECTION_LIST, (), 32),
        ("context", Label.SECTION_KEM, (b"a", b""), 32),
        ("long", Label.SECTION_KEM, (b"a", b""), 100),
    ):
        output = hkdf(key, label, *context, size=size)
        fields = {
            "key": b64(key),
            "label": label,
            "context": [b64(c) for c in context],
            "size": size,
            "output": b64(output),
        }
        vector("derivation", name, "success", "HKDF-SHA256 under a binding", **fields)
