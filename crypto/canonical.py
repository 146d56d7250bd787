"""Canonical JSON: RFC 8785 restricted to what two languages surely agree upon.

Objects, lists, strings in NFC, integers within 2^53-1 and booleans; no null, no fraction, no lone surrogate; at most
8 levels deep. Page: docs/spec/encoding.md. Vectors: tests/vectors/canonical.
"""

from __future__ import annotations

import unicodedata
from typing import Any

import msgspec

from crypto.encoding import MAX_INTEGER
from crypto.errors import LimitError, MalformedError

MAX_BYTES = 65_536
MAX_DEPTH = 8

_encode = msgspec.json.Encoder().encode
"""Of values that `_normal` let through it writes what RFC 8785 asks: tests hold it to that for every code point."""


def encode_json(value: Any, *, limit: int = MAX_BYTES) -> bytes:
    """Encode a value as canonical JSON in UTF-8.

    Raise MalformedError for a value outside the restricted form, LimitError above `limit` bytes.
    """
    data = _encode(_normal(value, MAX_DEPTH))
    if len(data) > limit:
        raise LimitError("json is too large")
    return data


def decode_json(data: bytes, *, limit: int = MAX_BYTES) -> Any:
    """Decode canonical JSON; raise MalformedError unless encoding the value again gives the same bytes.

    The comparison also refuses doubled keys, other number spellings, white space and a byte order mark.
    """
    if len(data) > limit:
        raise LimitError("json is too large")
    try:
        value = msgspec.json.decode(data)
    except (ValueError, RecursionError) as error:
        raise MalformedError("not json") from error
    if encode_json(value, limit=limit) != data:
        raise MalformedError("json is not in canonical form")
    return value


def _normal(value: Any, depth: int) -> Any:
    """Check a value and return it with keys in order of their UTF-16 code units (RFC 8785 section 3.2.3)."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _text(value)
    if kind is bool:
        return value
    if kind is int:
        return _integer(value)
    if depth == 0:
        raise MalformedError("json is nested too deeply")
    if kind is list:
        return [each if type(each) is str and each.isascii() else _normal(each, depth - 1) for each in value]
    if kind is dict:
        # Most members are ASCII text and are taken as they are; `_normal` looks at the others.
        return {
            key: each if type(each := value[key]) is str and each.isascii() else _normal(each, depth - 1)
            for key in _ordered(value)
        }
    raise MalformedError("json holds a type that is not allowed")


def _ordered(value: dict[Any, Any]) -> list[str]:
    """Return the keys in order; among ASCII keys, the order of code points is that of code units."""
    try:
        if "".join(value).isascii():
            return sorted(value)
        return sorted(map(_text, value), key=lambda key: key.encode("utf-16-be"))
    except TypeError as error:
        raise MalformedError("json key is not text") from error


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise MalformedError("json text holds a lone surrogate") from error
    if not unicodedata.is_normalized("NFC", value):
        raise MalformedError("json text is not in normalisation form C")
    return value


def _integer(value: int) -> int:
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise MalformedError("json integer out of range")
    return value
