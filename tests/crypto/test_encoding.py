from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import CryptoError, MalformedError
from crypto.encoding import (
    MAX_INTEGER,
    bind,
    decode_base64,
    decode_hex,
    encode_base64,
    encode_hex,
    new_id,
    parse_u64,
    u64,
    unbind,
)

fields = st.lists(st.binary(max_size=40), max_size=6)


@given(st.text(max_size=10), fields)
def test_bind_round_trip(label, pieces):
    """What was bound comes apart into the same label and fields."""
    assert unbind(label, bind(label, *pieces)) == tuple(pieces)


@given(fields, fields)
def test_bind_is_injective(one, other):
    """Two lists of fields bind to the same bytes only if they are the same list."""
    assert (bind("l", *one) == bind("l", *other)) == (one == other)


@given(st.binary(max_size=120))
def test_unbind_random_bytes(data):
    """Random bytes come apart only into what binds to them again; nothing but our error escapes (N02)."""
    try:
        pieces = unbind("l", data)
    except CryptoError:
        return
    assert bind("l", *pieces) == data


@given(fields, st.data())
def test_unbind_changed_bytes(pieces, data):
    """A bound string with one changed byte is refused or is the one spelling of other fields (N02)."""
    bound = bytearray(bind("l", *pieces))
    bound[data.draw(st.integers(0, len(bound) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = unbind("l", bytes(bound))
    except MalformedError:
        return
    assert bind("l", *found) == bytes(bound)


@given(st.integers(0, MAX_INTEGER))
def test_u64_round_trip(value):
    """An integer in range round trips through 8 bytes."""
    assert parse_u64(u64(value)) == value


@pytest.mark.parametrize("value", [-1, MAX_INTEGER + 1, True, 1.0, "1", None])
def test_u64_refuses(value):
    """Integers out of range and other types are refused (N02)."""
    with pytest.raises(MalformedError):
        u64(value)


@pytest.mark.parametrize("data", [b"", bytes(7), bytes(9), b"\xff" * 8])
def test_parse_u64_refuses(data):
    """Other lengths and values above 2^53-1 are refused (N02)."""
    with pytest.raises(MalformedError):
        parse_u64(data)


@given(st.binary(max_size=60))
def test_base64_round_trip(data):
    """Bytes round trip through base64."""
    assert decode_base64(encode_base64(data)) == data


@given(st.one_of(st.text(max_size=12), st.from_regex(r"[A-Za-z0-9+/]{0,8}={0,3}", fullmatch=True)))
def test_base64_random_text(text):
    """Text decodes only if it is the one spelling of its bytes (N02)."""
    try:
        data = decode_base64(text)
    except CryptoError:
        return
    assert encode_base64(data) == text


@pytest.mark.parametrize("value", [None, 1, b"QQ==", ["QQ=="]])
def test_base64_refuses_types(value):
    """Only text decodes."""
    with pytest.raises(MalformedError):
        decode_base64(value)


@given(st.binary(max_size=40))
def test_hex_round_trip(data):
    """Bytes round trip through lower-case hex of their length."""
    assert decode_hex(encode_hex(data), len(data)) == data


@pytest.mark.parametrize("text", ["", "0", "0G", "AB", "ab ", " ab", "abcd", "é", None, b"ab"])
def test_hex_refuses(text):
    """Other lengths, letters, upper case and types are refused (N02)."""
    with pytest.raises(MalformedError):
        decode_hex(text, 1)


def test_new_id():
    """An id inherits its bucket, is random otherwise, and refuses a bucket of another size."""
    assert len(new_id()) == 16
    assert new_id(b"bk")[:2] == b"bk"
    assert new_id(b"bk") != new_id(b"bk")
    with pytest.raises(MalformedError):
        new_id(b"b")
