from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import CryptoError, LimitError, MalformedError, decode_json, encode_json
from crypto.encoding import MAX_INTEGER

texts = st.text(max_size=8).map(lambda text: unicodedata.normalize("NFC", text))
values = st.recursive(
    st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_round_trip(value):
    """A value of the restricted form round trips, and its bytes are plain JSON."""
    try:
        data = encode_json(value)
    except MalformedError:
        return
    assert decode_json(data) == value
    assert json.loads(data) == value


@given(st.binary(max_size=60))
def test_random_bytes(data):
    """Random bytes give nothing but our error, or re-encode to themselves."""
    try:
        value = decode_json(data)
    except CryptoError:
        return
    assert encode_json(value) == data


@given(st.text(alphabet='{}[]",:\\0123456789-.eEtruefalsn \u00e9', max_size=24))
def test_random_json(text):
    """Text made of the letters of JSON gives nothing but our error, or re-encodes to itself."""
    try:
        value = decode_json(text.encode())
    except CryptoError:
        return
    assert encode_json(value) == text.encode()


@pytest.mark.parametrize(
    "value", [None, 1.5, b"x", (1,), {1: 2}, {"a": None}, "\ud800", {"\ud800": 1}, "e\u0301", 2**53, {"a": {1, 2}}]
)
def test_encode_refuses(value):
    """Values outside the restricted form are refused before they are signed."""
    with pytest.raises(MalformedError):
        encode_json(value)


def test_limits():
    """The size limit holds in both directions and can be widened for an envelope."""
    long = "x" * 70_000
    with pytest.raises(LimitError):
        encode_json(long)
    data = encode_json(long, limit=80_000)
    with pytest.raises(LimitError):
        decode_json(data)
    assert decode_json(data, limit=80_000) == long


def test_types_stay_apart():
    """True and 1 are not the same value on the way out."""
    assert encode_json([True, 1]) == b"[true,1]"


def test_every_character_is_written_as_rfc_8785_asks():
    """Section 3.2.2.2: the short escapes, lower-case hexadecimal for the other controls, all else as it is."""
    short = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    for code in (*range(0xD800), *range(0xE000, 0x110000)):
        text = unicodedata.normalize("NFC", chr(code))
        written = "".join(short.get(each) or (f"\\u{ord(each):04x}" if each < " " else each) for each in text)
        assert encode_json(text) == f'"{written}"'.encode()


@given(values)
def test_values_are_written_as_another_encoder_does(value):
    """Another JSON encoder writes the same bytes, keys sorted by their UTF-16 code units."""
    try:
        data = encode_json(value)
    except MalformedError:
        return
    assert data == json.dumps(json.loads(data), ensure_ascii=False, separators=(",", ":")).encode()
